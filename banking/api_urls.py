"""Addresses of bank statements in the API."""

from django.urls import path

from banking import api
from team.endpoints import resource

urlpatterns = [
    path(
        "bank-statements/",
        resource(api.list_bank_statements, api.import_bank_statement),
        name="bank_statements",
    ),
    path("bank-statements/<int:pk>/", resource(api.get_bank_statement), name="bank_statement"),
    path("bank-statements/<int:pk>/lines/", resource(api.list_bank_lines), name="bank_lines"),
    path("remittances/", resource(api.list_remittances, api.import_remittance), name="remittances"),
    path("remittances/<int:pk>/", resource(api.get_remittance), name="remittance"),
    path("bank-lines/<int:pk>/accept/", resource(api.accept_match), name="bank_line_accept"),
    path("bank-lines/<int:pk>/book/", resource(api.book_bank_line), name="bank_line_book"),
    path("bank-lines/<int:pk>/aside/", resource(api.set_bank_line_aside), name="bank_line_aside"),
    path("bank-lines/<int:pk>/receipt/", resource(api.join_bank_line), name="bank_line_receipt"),
]
