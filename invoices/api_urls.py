"""Addresses of invoices in the API."""

from django.urls import path

from invoices import api, api_due_dates
from team.endpoints import resource

urlpatterns = [
    path("invoices/", resource(api.list_invoices, api.create_invoice), name="invoices"),
    path("invoices/<int:pk>/", resource(api.get_invoice, api.replace_draft, api.edit_draft), name="invoice"),
    path("invoices/<int:pk>/check/", resource(api.check_invoice), name="invoice_check"),
    path("invoices/<int:pk>/submit/", resource(api.submit_invoice), name="invoice_submit"),
    path("invoices/<int:pk>/approve/", resource(api.approve_invoice), name="invoice_approve"),
    path("invoices/<int:pk>/reject/", resource(api.reject_invoice), name="invoice_reject"),
    path("invoices/<int:pk>/reopen/", resource(api.reopen_draft), name="invoice_reopen"),
    path("invoices/<int:pk>/discard/", resource(api.discard_draft), name="invoice_discard"),
    path("invoices/<int:pk>/issue/", resource(api.issue_invoice), name="invoice_issue"),
    path("invoices/<int:pk>/send/", resource(api.send_invoice), name="invoice_send"),
    path("invoices/<int:pk>/credit-notes/", resource(api.credit_invoice), name="invoice_credit"),
    path("invoices/<int:pk>/copy/", resource(api.copy_invoice), name="invoice_copy"),
    path("invoices/<int:pk>/convert/", resource(api.convert_invoice), name="invoice_convert"),
    path("invoices/<int:pk>/final/", resource(api.write_final_invoice), name="invoice_final"),
    path("invoices/<int:pk>/deposits/", resource(api.deduct_deposits), name="invoice_deposits"),
    path("invoices/gather/", resource(api.gather_drafts), name="invoices_gather"),
    path(
        "invoices/<int:pk>/due-dates/",
        resource(api_due_dates.list_due_dates, api_due_dates.ask_due_date),
        name="invoice_due_dates",
    ),
    path("due-dates/<int:pk>/approve/", resource(api_due_dates.approve_due_date), name="due_date_approve"),
    path("due-dates/<int:pk>/reject/", resource(api_due_dates.reject_due_date), name="due_date_reject"),
    path("invoices/<int:pk>/pdf/", resource(api.get_pdf), name="invoice_pdf"),
    path("invoices/<int:pk>/links/", resource(api.list_links), name="invoice_links"),
    path("invoices/<int:pk>/links/<int:link>/close/", resource(api.close_link), name="invoice_link_close"),
]
