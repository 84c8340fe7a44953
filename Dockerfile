# The filter as an image: one static program without network code, and nothing else that could run. It reads standard
# input and writes standard output; it needs no network, no writable file, and no particular user.
#
#   docker build -t registry.example/floe:0.1.0 .                         compiles in RUST_IMAGE
#   make filter && docker build --target prebuilt -t … .                  takes target/dist/floe-filter-amd64 (or arm64)

ARG RUST_IMAGE=rust:1.95

FROM scratch AS filter
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="floe" \
      org.opencontainers.image.description="KRM function and filter that makes rendered Kubernetes workloads secure" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Hosts start functions with `--user nobody`; a runtime looks that name up here.
COPY packaging/image/etc/ /etc/
COPY LICENSE /LICENSE
USER 65534:65534
ENTRYPOINT ["/floe"]

# Before the stage that compiles: builders that build every stage up to the target then need no compiler.
FROM filter AS prebuilt
ARG TARGETARCH
COPY target/dist/floe-filter-${TARGETARCH} /floe

FROM ${RUST_IMAGE} AS compile
WORKDIR /src
COPY . .
RUN packaging/compile --filter /out/floe

FROM filter
COPY --from=compile /out/floe /floe
