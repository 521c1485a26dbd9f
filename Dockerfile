FROM golang:1.26-alpine AS build
RUN apk add --no-cache ca-certificates
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/routor ./cmd/routor \
    && mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/routor /routor
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# In a container the clients are not on loopback: they need keys (routor key add), and the admin API stays inside.
ENV ROUTOR_LISTEN=0.0.0.0:8484 ROUTOR_DATA=/data
VOLUME /data
EXPOSE 8484
ENTRYPOINT ["/routor"]
CMD ["serve"]
