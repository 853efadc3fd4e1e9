"""Staff's pages on what we write to customers."""

from django.urls import path

from correspondence.views import letters, links, outgoing, reports, texts

app_name = "correspondence"
urlpatterns = [
    path("", outgoing.list_, name="list"),
    path("<int:pk>/", outgoing.detail, name="detail"),
    path("<int:pk>/body/", outgoing.body, name="body"),
    path("<int:pk>/files/<int:attachment_pk>/", outgoing.attachment, name="attachment"),
    path("deliveries/<int:pk>/source/", outgoing.source, name="source"),
    path("deliveries/<int:pk>/retry/", outgoing.retry, name="retry"),
    path("deliveries/<int:pk>/cancel/", outgoing.cancel, name="cancel"),
    path("reports/<slug:provider>/", reports.receive, name="reports"),
    path("letters/", letters.list_, name="letters"),
    path("letters/act/", letters.act, name="letters_act"),
    path("letters/<int:pk>/pdf/", letters.pdf, name="letter_pdf"),
    path("letters/<int:pk>/returned/", letters.returned, name="letter_returned"),
    path("letters/together/<int:pk>/", letters.together, name="letters_together"),
    path("links/<slug:kind>/<int:pk>/", links.list_, name="links"),
    path("links/<slug:kind>/<int:pk>/look/", links.look, name="look"),
    path("links/<slug:kind>/<int:pk>/<int:link_pk>/revoke/", links.revoke, name="revoke"),
    path("texts/", texts.list_, name="texts"),
    path("texts/preview/<str:key>/", texts.preview, name="text_preview"),
    path("texts/<int:pk>/submit/", texts.submit, name="submit"),
    path("texts/<int:pk>/send-back/", texts.send_back, name="send_back"),
    path("texts/<int:pk>/activate/", texts.activate, name="activate"),
    path("texts/<slug:situation>/<slug:language>/", texts.edit, name="text"),
]
