// Shows the API's schema. Requests tried out by somebody signed in carry the CSRF token of the page.
"use strict";

(() => {
  const place = document.getElementById("api-docs");
  const cookie = (name) =>
    document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
  window.SwaggerUIBundle({
    url: place.dataset.schema + "?format=json",
    domNode: place,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    persistAuthorization: false,
    requestInterceptor: (request) => {
      const token = cookie("__Host-csrftoken") || cookie("csrftoken");
      const own = new URL(request.url, location.href).origin === location.origin;
      if (own && token && !request.loadSpec) request.headers["X-CSRFToken"] = token;
      return request;
    },
  });
})();
