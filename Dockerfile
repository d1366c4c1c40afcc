FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/touchline
# The dependencies are a layer of their own: they change less often than the code.
COPY requirements.lock ./
RUN /opt/touchline/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app ./app
COPY migrations ./migrations
RUN /opt/touchline/bin/pip install --no-deps . \
    && /opt/touchline/bin/python -m compileall -q /opt/touchline/lib

FROM python:3.13-slim
ENV PATH=/opt/touchline/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --create-home --home-dir /var/lib/touchline touchline
COPY --from=build /opt/touchline /opt/touchline
USER touchline
WORKDIR /var/lib/touchline
# The data folder lies here: with no TOUCHLINE_DATABASE_URL, an embedded Postgres keeps everything in it.
VOLUME /var/lib/touchline
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD \
    ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["touchline", "serve", "--host", "0.0.0.0"]
