// Part of the build: the types of the API, from its own description.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';
import { describeApi } from '../../dist/api/describe-api.js';

const { version } = JSON.parse(await readFile('package.json', 'utf8'));
const types = await openapiTS(JSON.stringify(await describeApi(version)));
await mkdir('src/dashboard/generated', { recursive: true });
await writeFile('src/dashboard/generated/api.ts', astToString(types));
