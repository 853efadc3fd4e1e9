"""Addresses of collection work."""

from django.urls import path

from cases.views import cases, hand_overs, panels, plans, promises, worklist

app_name = "cases"

urlpatterns = [
    path("", worklist.worklist, name="worklist"),
    path("cases/<int:pk>/", cases.detail, name="detail"),
    path("cases/<int:pk>/card/", worklist.peek, name="peek"),
    path("cases/<int:pk>/call/", worklist.call, name="call"),
    path("cases/<int:pk>/next/", worklist.edit, name="edit"),
    path("cases/<int:pk>/skip/", worklist.skip, name="skip"),
    path("cases/<int:pk>/snooze/", worklist.snooze, name="snooze"),
    path("cases/<int:pk>/delegate/", worklist.delegate, name="delegate"),
    path("cases/<int:pk>/hardship/", cases.hardship, name="hardship"),
    path("cases/<int:pk>/stop/", cases.stop, name="stop"),
    path("cases/<int:pk>/write-off/", cases.write_off, name="write_off"),
    path("cases/<int:pk>/promise/", promises.new, name="promise_new"),
    path("cases/<int:pk>/plan/", plans.new, name="plan_new"),
    path("cases/<int:pk>/plan/preview/", plans.preview, name="plan_preview"),
    path("cases/<int:pk>/hand-over/", hand_overs.new, name="hand_over_new"),
    path("calls/<int:pk>/correct/", cases.correct, name="correct"),
    path("promises/", promises.list_, name="promises"),
    path("promises/<int:pk>/", promises.detail, name="promise"),
    path("promises/<int:pk>/approve/", promises.approve, name="promise_approve"),
    path("promises/<int:pk>/refuse/", promises.refuse, name="promise_refuse"),
    path("promises/<int:pk>/withdraw/", promises.withdraw, name="promise_withdraw"),
    path("plans/<int:pk>/", plans.detail, name="plan"),
    path("plans/<int:pk>/approve/", plans.approve, name="plan_approve"),
    path("plans/<int:pk>/refuse/", plans.refuse, name="plan_refuse"),
    path("plans/<int:pk>/withdraw/", plans.withdraw, name="plan_withdraw"),
    path("plans/<int:pk>/accept/", plans.accept, name="plan_accept"),
    path("hand-overs/<int:pk>/", hand_overs.detail, name="hand_over"),
    path("hand-overs/<int:pk>/approve/", hand_overs.approve, name="hand_over_approve"),
    path("hand-overs/<int:pk>/refuse/", hand_overs.refuse, name="hand_over_refuse"),
    path("hand-overs/<int:pk>/recall/", hand_overs.recall, name="hand_over_recall"),
    path("hand-overs/<int:pk>/pack/", hand_overs.pack, name="hand_over_pack"),
    path("customers/<int:pk>/", panels.of_customer, name="customer_panel"),
    path("invoices/<int:pk>/", panels.of_invoice, name="invoice_panel"),
]
