# The image of the model server: Triton, the packages that the model needs, the library, the model repository.
# Holds no checkpoint: it is mounted, so that a new one needs no new image.
FROM nvcr.io/nvidia/tritonserver:25.10-py3
ARG UV_VERSION=0.13.9
# `cpu` takes torch without CUDA, 3 GB less; `auto` takes what fits the machine that builds; empty takes the default build.
ARG TORCH_BACKEND=""
USER root
WORKDIR /build
# Into the interpreter's own site-packages: the Python backend embeds that interpreter and knows no virtual environment.
# torch is nearly all of it and comes first, so that its layer is kept until the lock changes.
COPY requirements.lock ./
RUN pip3 install --no-cache-dir --break-system-packages "uv==${UV_VERSION}" \
 && uv pip install --system --break-system-packages --no-cache ${TORCH_BACKEND:+--torch-backend ${TORCH_BACKEND}} \
      torch -c requirements.lock
COPY pyproject.toml ./
# Beside the model's own packages, those with which it reads its settings, follows track-tokens and is measured.
RUN uv pip install --system --break-system-packages --no-cache --compile-bytecode \
      -r pyproject.toml --extra model pydantic-settings structlog kafka-python crc32c lz4 prometheus-client \
      python-snappy zstandard -c requirements.lock
COPY segue /opt/segue/segue
COPY services/__init__.py /opt/segue/services/
COPY services/runtime /opt/segue/services/runtime
COPY model_repo /opt/segue/model_repo
RUN python3 -c "import pathlib, sysconfig; \
pathlib.Path(sysconfig.get_path('purelib'), 'segue.pth').write_text('/opt/segue\n')" \
 && cd / && python3 -c "import segue.model.recommender, services.runtime.follower, services.runtime.index_metrics"
# torch asks for the user's name and home to place its caches.
ENV USER=triton HOME=/tmp PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
# What oneDNN compiled for each shape of a prompt is kept in bounds (deploy/local/triton.py).
ENV ONEDNN_PRIMITIVE_CACHE_CAPACITY=24 MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144
WORKDIR /opt/segue
USER 1000:1000
# All models of the repository at the start, and no other afterwards: who may load a model may run its code.
CMD ["tritonserver", "--model-repository=/opt/segue/model_repo", "--model-control-mode=none", "--exit-timeout-secs=5"]
