"""Addresses of bank statements."""

from django.urls import path

from banking import views, views_remittances

app_name = "banking"

urlpatterns = [
    path("", views.list_, name="list"),
    path("import/", views.bring, name="import"),
    path("accounts/<int:pk>/table/", views.layout, name="layout"),
    path("matching/<int:pk>/", views.matching, name="matching"),
    path("advices/", views_remittances.remittances, name="remittances"),
    path("advices/<int:pk>/", views_remittances.remittance, name="remittance"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/file/", views.file, name="file"),
    path("<int:pk>/match/", views.match, name="match"),
    path("lines/<int:pk>/accept/", views.accept, name="accept"),
    path("lines/<int:pk>/book/", views.book, name="book"),
    path("lines/<int:pk>/aside/", views.aside, name="aside"),
    path("lines/<int:pk>/again/", views.again, name="again"),
    path("lines/<int:pk>/join/", views.join, name="join"),
    path("lines/<int:pk>/payout/", views.payout, name="payout"),
    path("lines/<int:pk>/return/", views.note_return, name="return"),
]
