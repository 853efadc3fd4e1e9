"""Addresses of payments and credits in the API."""

from django.urls import path

from payments import api
from team.endpoints import resource

urlpatterns = [
    path("payments/", resource(api.list_payments, api.create_payment), name="payments"),
    path("payments/<int:pk>/", resource(api.get_payment), name="payment"),
    path("payments/<int:pk>/take-back/", resource(api.take_back_payment), name="payment_take_back"),
    path("payments/<int:pk>/customer/", resource(api.identify_payment), name="payment_customer"),
    path("payments/<int:pk>/proposal/", resource(api.propose_allocation), name="payment_proposal"),
    path("payments/<int:pk>/allocations/", resource(api.allocate_payment), name="payment_allocations"),
    path(
        "payments/<int:pk>/allocations/<int:allocation>/undo/",
        resource(api.undo_allocation),
        name="payment_undo",
    ),
    path("payments/<int:pk>/bounce/", resource(api.bounce_payment), name="payment_bounce"),
    path("credits/", resource(api.list_credits), name="credits"),
    path("credits/<int:pk>/", resource(api.get_credit), name="credit"),
    path("credits/<int:pk>/use/", resource(api.use_credit), name="credit_use"),
]
