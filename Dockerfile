# The app in a container: a Space with 'sdk: docker', or any host.
#
#   docker build -t smart-form .
#   docker run -p 7860:7860 -v smart-form:/home/user/.cache smart-form
#
# Weights are fetched on the first start and kept in the volume. To have them in the image, build
# with --build-arg FETCH=1 (on a Space: a variable FETCH): a quicker start, a larger image.
FROM python:3.12-slim AS build

RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential cmake git \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements.txt requirements/llama.cmake ./
# requirements.txt asks for a llama.cpp that runs on any x86-64 with AVX2, whatever built it; llama.cmake
# leaves out what the app does not load.
RUN CMAKE_ARGS=-DCMAKE_PROJECT_llama_cpp_INCLUDE=/build/llama.cmake \
    pip wheel --no-cache-dir --wheel-dir wheels -r requirements.txt

FROM python:3.12-slim

# libgomp1: threads of llama.cpp and CTranslate2.  ffmpeg: recordings of any format.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 user
RUN --mount=type=bind,from=build,source=/build/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --no-deps /wheels/*.whl

# A Space runs containers as user 1000.
USER user
ENV HOME=/home/user PORT=7860 PYTHONUNBUFFERED=1
RUN mkdir -p /home/user/.cache
WORKDIR /home/user/app
COPY --chown=user . .
ARG FETCH=
RUN if [ -n "$FETCH" ]; then python -m smartform models fetch; fi

EXPOSE 7860
HEALTHCHECK --start-period=120s --interval=30s CMD \
  ["python", "-c", "import urllib.request as u; u.urlopen('http://localhost:7860/api/v1/health', timeout=5)"]
CMD ["python", "app.py"]
