"""Customers' pages: /i/ one invoice, /my/ everything of a contact. What is no open link answers alike."""

from django.urls import path

from portal import acts, dispute_acts, doors, my_acts, my_views, previews, rating_views, staff, views

app_name = "portal"
urlpatterns = [
    path("preview/<int:pk>/", previews.draft, name="draft"),
    path("i/<str:token>/", views.invoice, name="invoice"),
    path("i/<str:token>", views.invoice),  # mail programs cut the last slash off
    path("i/<str:token>/promise", acts.promise, name="promise"),
    path("i/<str:token>/ask", acts.ask, name="ask"),
    path("i/<str:token>/rate", rating_views.rate, name="rate"),
    path("i/<str:token>/pay", acts.pay, name="pay"),
    path("i/<str:token>/talks/<int:pk>/answer", acts.answer, name="answer"),
    path("i/<str:token>/dispute", dispute_acts.dispute, name="dispute"),
    path("i/<str:token>/disputes/<int:pk>/answer", dispute_acts.answer, name="dispute_answer"),
    path("i/<str:token>/disputes/<int:pk>/unsolved", dispute_acts.unsolved, name="dispute_unsolved"),
    path("i/<str:token>/disputes/<int:pk>/withdraw", dispute_acts.withdraw, name="dispute_withdraw"),
    path("i/<str:token>/invoice.pdf", views.pdf, name="pdf"),
    path("i/<str:token>/due.ics", views.calendar, name="calendar"),
    path("i/<str:token>/logo", views.logo, name="logo"),
    path("i/", views.nothing),
    path("my/", doors.ask_link, name="ask_link"),
    path("my/<str:token>/", my_views.overview, name="overview"),
    path("my/<str:token>", my_views.overview),  # mail programs cut the last slash off
    path("my/<str:token>/due.ics", my_views.calendar, name="my_calendar"),
    path("my/<str:token>/invoices/<int:pk>/", my_views.invoice, name="my_invoice"),
    path("my/<str:token>/statements/<int:pk>.pdf", my_views.statement_pdf, name="my_statement"),
    path("my/<str:token>/statements", my_acts.make_statement, name="my_statement_new"),
    path("my/<str:token>/plans/<int:pk>/accept", my_acts.accept, name="my_accept"),
    path("my/<str:token>/talks/<int:pk>/answer", my_acts.answer, name="my_answer"),
    path("my/<str:token>/preferences", my_acts.preferences, name="my_preferences"),
    path("my/<str:token>/person", my_acts.person, name="my_person"),
    path("my/<str:token>/email", my_acts.new_email, name="my_email"),
    path("confirm/<str:token>/", doors.confirm, name="confirm"),
    path("confirm/<str:token>", doors.confirm),
    path("confirm/<str:token>/now", doors.confirm_now, name="confirm_now"),
    path("survey/<str:token>/", rating_views.survey, name="survey"),
    path("survey/<str:token>", rating_views.survey),  # mail programs cut the last slash off
    path("survey/<str:token>/answer", rating_views.survey_answer, name="survey_answer"),
    path("survey/<str:token>/stop", rating_views.survey_stop, name="survey_stop"),
    path("links/of/<int:pk>/", staff.panel, name="links_panel"),
    path("links/to/<int:pk>/send/", staff.send, name="link_send"),
    path("links/to/<int:pk>/close/", staff.close, name="links_close"),
    path("i/<path:rest>", views.nothing),
    path("my/<path:rest>", views.nothing),
    path("confirm/<path:rest>", views.nothing),
    path("survey/<path:rest>", views.nothing),
]
