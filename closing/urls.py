"""Addresses of month ends."""

from django.urls import path

from closing.views import months, reports

app_name = "closing"

urlpatterns = [
    path("", months.list_, name="list"),
    path("journals/<int:pk>/journal.csv", reports.journal_file, name="journal_file"),
    path("<int:pk>/<str:month>/", months.detail, name="month"),
    path("<int:pk>/<str:month>/points/", months.points, name="points"),
    path("<int:pk>/<str:month>/rows/<slug:code>/", months.rows, name="rows"),
    path("<int:pk>/<str:month>/close/", months.close, name="close"),
    path("<int:pk>/<str:month>/nearly/", months.soften, name="soften"),
    path("<int:pk>/<str:month>/reopen/", months.reopen, name="reopen"),
    path("<int:pk>/<str:month>/revaluation/", reports.revaluation, name="revaluation"),
    path("<int:pk>/<str:month>/journal/", reports.journal, name="journal"),
    path("<int:pk>/<str:month>/tax/", reports.tax, name="tax"),
    path("<int:pk>/<str:month>/tax/rows/", reports.tax_rows, name="tax_rows"),
    path("<int:pk>/<str:month>/tax.csv", reports.tax_file, {"kind": "csv"}, name="tax_csv"),
    path("<int:pk>/<str:month>/tax.xlsx", reports.tax_file, {"kind": "xlsx"}, name="tax_xlsx"),
]
