"""Addresses of feedback."""

from django.urls import path

from feedback.views import answers, box, customers, dashboard, improvements

app_name = "feedback"

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("answers/", answers.list_, name="answers"),
    path("answers/new/", answers.enter, name="enter"),
    path("answers/<int:pk>/", answers.detail, name="answer"),
    path("answers/<int:pk>/sort/", answers.sort, name="sort"),
    path("answers/<int:pk>/flag/", answers.flag, name="flag"),
    path("answers/<int:pk>/answered/", answers.answered, name="answered"),
    path("surveys/", answers.surveys, name="surveys"),
    path("customers/<int:pk>/", customers.panel, name="customer_panel"),
    path("customers/<int:pk>/ask/", customers.ask, name="ask"),
    path("contacts/<int:pk>/wish/", customers.wish, name="wish"),
    path("box/", box.list_, name="suggestions"),
    path("box/new/", box.make, name="suggest"),
    path("box/<int:pk>/", box.detail, name="suggestion"),
    path("box/<int:pk>/answer/", box.answer, name="answer_suggestion"),
    path("box/<int:pk>/sort/", box.sort, name="sort_suggestion"),
    path("improvements/", improvements.board, name="board"),
    path("improvements/new/", improvements.plan, name="plan"),
    path("improvements/<int:pk>/", improvements.detail, name="improvement"),
    path("improvements/<int:pk>/aim/", improvements.aim, name="aim"),
    path("improvements/<int:pk>/start/", improvements.start, name="start"),
    path("improvements/<int:pk>/close/", improvements.close, name="close"),
    path("improvements/<int:pk>/drop/", improvements.drop, name="drop"),
    path("improvements/<int:pk>/publish/", improvements.publish, name="publish"),
]
