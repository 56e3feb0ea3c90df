import process from 'node:process';
import { logOn, parseDocument } from './document.ts';

// The list, parsed as a whole and compared row by row with what is known, without a database. Arguments: URL, form.
const [url = '', form = 'entity'] = process.argv.slice(2);
const get = await logOn(url);
const rows = parseDocument(await get(`/agents/backupSessions${form === 'entity' ? '?format=Entity' : ''}`));
const known = new Map(rows.map((row) => [row.id, Object.values(row).join('|')]));
const changed = rows.filter((row) => known.get(row.id) !== Object.values(row).join('|'));
process.stdout.write(`${rows.length} ${changed.length}\n`);
process.exit(0);
