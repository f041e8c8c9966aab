/** Owns a database server until it is killed: `node --import tsx <this file> <data folder>`; prints where it is. */
import { openDatabaseServer } from "../../src/adapters/postgres/embedded.ts";

const { origin, url } = await openDatabaseServer({ dataDir: process.argv[2] ?? "", durable: false });
console.log(JSON.stringify({ origin, url }));
setInterval(() => {}, 60_000);
