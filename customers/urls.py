"""Addresses of the customers' pages."""

from django.urls import path, register_converter

from customers.views import changes, people, records, requirements


class AddressKind:
    """billing or delivery."""

    regex = "billing|delivery"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(AddressKind, "address_kind")

app_name = "customers"
urlpatterns = [
    path("", records.list_, name="list"),
    path("new/", records.create, name="create"),
    path("similar/", records.similar, name="similar"),
    path("shared/", requirements.shared, name="shared"),
    path("shared/requirements/<slug:level>/new/", requirements.add_shared, name="requirement_add_shared"),
    path("segments/new/", requirements.segment, name="segment_add"),
    path("segments/<int:pk>/", requirements.segment, name="segment_edit"),
    path("<int:pk>/", records.detail, name="detail"),
    path("<int:pk>/edit/", records.edit, name="edit"),
    path("<int:pk>/settings/", records.settings, name="settings"),
    path("<int:pk>/block/", records.block, name="block"),
    path("<int:pk>/unblock/", records.unblock, name="unblock"),
    path("<int:pk>/own/", records.take_ownership, name="own"),
    path("<int:pk>/contacts/new/", people.contact_add, name="contact_add"),
    path("contacts/<int:pk>/edit/", people.contact_edit, name="contact_edit"),
    path("contacts/<int:pk>/deactivate/", people.contact_deactivate, name="contact_deactivate"),
    path("<int:pk>/addresses/<address_kind:kind>/", people.address, name="address"),
    path("<int:pk>/tax-ids/new/", people.tax_id, name="tax_id"),
    path("tax-ids/<int:pk>/verify/", people.tax_id_verify, name="tax_id_verify"),
    path("tax-ids/<int:pk>/end/", people.tax_id_end, name="tax_id_end"),
    path("<int:pk>/requirements/new/", requirements.add, name="requirement_add"),
    path("requirements/<int:pk>/edit/", requirements.edit, name="requirement_edit"),
    path("requirements/<int:pk>/end/", requirements.end, name="requirement_end"),
    path(
        "<int:pk>/requirements/<int:requirement_pk>/acknowledge/",
        requirements.acknowledge,
        name="requirement_acknowledge",
    ),
    path("<int:pk>/changes/new/<slug:subject>/", changes.new, name="change_new"),
    path("changes/<int:pk>/", changes.detail, name="change_detail"),
    path("changes/<int:pk>/call-back/", changes.call_back, name="change_call_back"),
    path("changes/<int:pk>/approve/", changes.approve, name="change_approve"),
    path("changes/<int:pk>/reject/", changes.reject, name="change_reject"),
]
