"""Addresses of money received: receipts, their use, refunds, write-offs, customers' accounts."""

from django.urls import path

from payments.views import account, allocating, deciding, lists, receipts

app_name = "payments"

urlpatterns = [
    path("payments/", lists.list_, name="list"),
    path("payments/totals/", lists.totals, name="totals"),
    path("payments/export.csv", lists.export, {"kind": "csv"}, name="export"),
    path("payments/export.xlsx", lists.export, {"kind": "xlsx"}, name="export_xlsx"),
    path("payments/record/", receipts.record, name="record"),
    path("payments/proposal/", receipts.proposal, name="proposal"),
    path("payments/customers/", receipts.customer_names, name="customer_names"),
    path("payments/<int:pk>/", receipts.detail, name="detail"),
    path("payments/<int:pk>/allocate/", allocating.allocate, name="allocate"),
    path("payments/<int:pk>/bounce/", receipts.bounce, name="bounce"),
    path("payments/<int:pk>/take-back/", receipts.take_back, name="take_back"),
    path("payments/<int:pk>/identify/", receipts.identify, name="identify"),
    path("payments/allocations/<int:pk>/undo/", allocating.undo, name="undo"),
    path("payments/credits/<int:pk>/use/", allocating.credit_use, name="credit_use"),
    path("payments/credits/<int:pk>/refund/", deciding.refund_request, name="refund_request"),
    path("payments/refunds/<int:pk>/", deciding.refund_detail, name="refund_detail"),
    path("payments/refunds/<int:pk>/approve/", deciding.refund_approve, name="refund_approve"),
    path("payments/refunds/<int:pk>/reject/", deciding.refund_reject, name="refund_reject"),
    path("payments/refunds/<int:pk>/left/", deciding.refund_left, name="refund_left"),
    path("payments/write-offs/new/<int:pk>/", deciding.write_off_request, name="write_off_request"),
    path("payments/write-offs/<int:pk>/", deciding.write_off_detail, name="write_off_detail"),
    path("payments/write-offs/<int:pk>/approve/", deciding.write_off_approve, name="write_off_approve"),
    path("payments/write-offs/<int:pk>/reject/", deciding.write_off_reject, name="write_off_reject"),
    path("payments/write-offs/<int:pk>/recover/", deciding.write_off_recover, name="write_off_recover"),
    path("payments/small-difference/<int:pk>/", deciding.small_difference, name="small_difference"),
    path("customers/<int:pk>/account/", account.account, name="account"),
    path("customers/<int:pk>/account/summary/", account.summary, name="account_summary"),
    path("customers/<int:pk>/account/statement.csv", account.statement, {"kind": "csv"}, name="statement"),
    path(
        "customers/<int:pk>/account/statement.xlsx",
        account.statement,
        {"kind": "xlsx"},
        name="statement_xlsx",
    ),
]
