# The bootstrap server with its pages, in an image that has nothing else:
#
#   docker build -t boplish .
#   docker run -p 5000:5000 boplish
#
# See docs/server.md for TLS and for where to keep what ACME gets.

FROM node:22-bookworm-slim AS node

FROM rust:1.90-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends clang cmake \
    && rustup target add wasm32-unknown-unknown
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /src
COPY . .
RUN CARGO_INCREMENTAL=0 cargo xtask build \
    # A volume that is new takes its owner from the image.
    && install --directory --owner=65532 --group=65532 --mode=700 /data

# glibc, libgcc and the certificates of authorities; no shell. Its user is 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/boplish /usr/local/bin/boplish
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
EXPOSE 5000
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/boplish"]
CMD ["serve"]
