# The image of gateway, sessions and track_tokens, and of the step that creates the topics. Holds no torch and no checkpoint.
FROM docker.io/library/python:3.11-slim-bookworm AS environment
ARG UV_VERSION=0.13.9
WORKDIR /build
RUN pip install --no-cache-dir "uv==${UV_VERSION}" && uv venv --python "$(command -v python3)" /opt/segue
# The packages change more rarely than the code, so they come first and their layer is kept.
COPY pyproject.toml requirements.lock ./
RUN uv pip install --python /opt/segue/bin/python --no-cache --compile-bytecode \
      -r pyproject.toml --extra services -c requirements.lock

FROM docker.io/library/python:3.11-slim-bookworm
# A named volume that is mounted on /state for the first time takes this owner.
RUN mkdir /state && chown 10001:10001 /state
COPY --from=environment /opt/segue /opt/segue
COPY --chmod=755 deploy/docker/own-state deploy/docker/ready /usr/local/bin/
COPY segue /app/segue
COPY services /app/services
ENV PATH=/opt/segue/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 \
    SEGUE_BIND=0.0.0.0
WORKDIR /app
USER 10001:10001
