// Removes the output of an earlier build: the output of a deleted source must not stay in dist.
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
