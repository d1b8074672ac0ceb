// Removes what an earlier build left: a deleted source must not live on in dist.
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
