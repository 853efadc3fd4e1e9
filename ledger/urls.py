"""Addresses of the book."""

from django.urls import path

from ledger import views

app_name = "ledger"

urlpatterns = [
    path("", views.balances, name="list"),
    path("entries/", views.entries, name="entries"),
    path("journal.csv", views.journal, {"kind": "csv"}, name="journal"),
    path("journal.xlsx", views.journal, {"kind": "xlsx"}, name="journal_xlsx"),
    path("items/", views.items, name="items"),
    path("soundness/", views.soundness, name="soundness"),
]
