# syntax=docker/dockerfile:1
# Usher as one static binary in an empty image. Build: docker build -t usher .
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY templates templates
COPY web web
# Cargo wants to see what Cargo.toml names.
COPY benches benches
# Static, for an image without a C library. The target is named so that the flag does not reach build scripts.
# getrandom asks the kernel: in a static binary it would not find the C library's function, and there may be no /dev/urandom.
ENV RUSTFLAGS="-C target-feature=+crt-static --cfg getrandom_backend=\"linux_getrandom\""
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --locked --profile dist --bin usher --target x86_64-unknown-linux-gnu \
    && cp target/x86_64-unknown-linux-gnu/dist/usher /usher \
    && mkdir /empty

# Nothing else is in the image: no shell, no certificate authorities (set ca_file or fingerprint for each bridge), no health command.
FROM scratch
COPY --from=build /usher /usher
# New volumes take over the owner of these directories.
COPY --from=build --chown=65532:65532 /empty /data
COPY --from=build --chown=65532:65532 /empty /simulator
COPY --from=build --chown=65532:65532 --chmod=1777 /empty /tmp
USER 65532:65532
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usher"]
CMD ["serve", "--config", "/etc/usher/usher.toml"]
