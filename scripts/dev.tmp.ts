import { openScratch } from "./db/scratch.ts";
import { writeFileSync } from "node:fs";
const s = await openScratch((x) => console.log(x));
try { const d = await s.declared(); console.log(d.url()); writeFileSync("/tmp/dburl", d.url()); writeFileSync("/tmp/dburl_admin", d.url("supabase_admin")); } catch (e) { console.error(e); await s.close(); process.exit(1); }
setInterval(() => {}, 1000);
