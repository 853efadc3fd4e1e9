"""Addresses of conversations in the API."""

from django.urls import path

from conversations import api
from team.endpoints import resource

urlpatterns = [
    path("threads/", resource(api.list_threads, api.receive_message), name="threads"),
    path("threads/<int:pk>/", resource(api.get_thread), name="thread"),
    path("threads/<int:pk>/posts/", resource(api.list_posts, api.write_post), name="posts"),
    path("threads/<int:pk>/recaps/", resource(api.list_recaps, api.close_thread), name="recaps"),
    path("threads/<int:pk>/reopen/", resource(api.reopen_thread), name="thread_reopen"),
    path("threads/<int:pk>/notes/", resource(api.list_notes, api.write_note), name="thread_notes"),
    path(
        "customers/<int:pk>/notes/",
        resource(api.list_customer_notes, api.write_customer_note),
        name="customer_notes",
    ),
    path(
        "invoices/<int:pk>/notes/",
        resource(api.list_invoice_notes, api.write_invoice_note),
        name="invoice_notes",
    ),
]
