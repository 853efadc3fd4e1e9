"""Addresses of conversations."""

from django.urls import path

from conversations.views import door, inbox, notes, thread

app_name = "conversations"

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("<int:pk>/", thread.thread, name="thread"),
    path("<int:pk>/as-customer/", thread.as_customer, name="as_customer"),
    path("<int:pk>/reply/", thread.reply, name="reply"),
    path("<int:pk>/assign/", thread.assign, name="assign"),
    path("<int:pk>/customer/", thread.identify, name="identify"),
    path("<int:pk>/merge/", thread.merge, name="merge"),
    path("<int:pk>/close/", thread.close, name="close"),
    path("<int:pk>/reopen/", thread.reopen, name="reopen"),
    path("files/<int:pk>/", thread.file, name="file"),
    path("notes/<int:pk>/", notes.edit, name="note"),
    path("notes/on/<str:kind>/<int:pk>/", notes.write, name="write_note"),
    path("about/<str:kind>/<int:pk>/", notes.about, name="about"),
    path("mail/<str:provider>/", door.receive, name="door"),
]
