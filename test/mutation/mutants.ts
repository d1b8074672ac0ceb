/**
 * Small faults in a source file, one at a time: what a mistake while typing
 * could make of it. Types, imports, comments and texts are left alone.
 */
import { parseAst } from 'vitest/node';

export interface Mutant {
  /** From the root of the repository. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly line: number;
  /** What was done, for the report. */
  readonly what: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const SWAPPED: Record<string, string> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '+=': '-=',
  '-=': '+=',
  '++': '--',
  '--': '++',
};

const METHODS: Record<string, string> = { min: 'max', max: 'min', some: 'every', every: 'some', findLast: 'find' };

/** Nodes of the type system that hold an expression. All others of it are skipped. */
const WRAPPERS = new Set([
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
  'TSInstantiationExpression',
]);

export function mutantsOf(file: string, source: string): Mutant[] {
  const found: Mutant[] = [];
  const add = (start: number, end: number, replacement: string, what: string): void => {
    const line = source.slice(0, start).split('\n').length;
    found.push({ file, start, end, replacement, line, what });
  };
  const text = ({ start, end }: Node): string => source.slice(start, end);

  const visit = (node: Node): void => {
    if ((node.type.startsWith('TS') && !WRAPPERS.has(node.type)) || node.type === 'ImportDeclaration') {
      return;
    }
    mutate(node);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (isNode(child)) {
          visit(child);
        }
      }
    }
  };

  const swapOperator = (node: Node, from: number): void => {
    const operator = node['operator'] as string;
    const other = SWAPPED[operator];
    const at = source.indexOf(operator, from);
    if (other !== undefined && at >= 0 && at < node.end) {
      add(at, at + operator.length, other, `${operator} → ${other}`);
    }
  };

  const decide = (test: unknown): void => {
    if (isNode(test)) {
      add(test.start, test.end, 'true', `${short(text(test))} → true`);
      add(test.start, test.end, 'false', `${short(text(test))} → false`);
    }
  };

  const empty = (body: unknown): void => {
    if (isNode(body) && body.type === 'BlockStatement' && (body['body'] as unknown[]).length > 0) {
      add(body.start, body.end, '{}', 'the body of a function is empty');
    }
  };

  function mutate(node: Node): void {
    switch (node.type) {
      case 'BinaryExpression':
      case 'LogicalExpression':
      case 'AssignmentExpression':
        swapOperator(node, (node['left'] as Node).end);
        break;
      case 'UpdateExpression':
        swapOperator(node, node.start);
        break;
      case 'UnaryExpression':
        if (node['operator'] === '!') {
          add(node.start, node.start + 1, '', `${short(text(node))} without !`);
        }
        break;
      case 'IfStatement':
      case 'ConditionalExpression':
      case 'WhileStatement':
        decide(node['test']);
        break;
      case 'ExpressionStatement': {
        const { type } = node['expression'] as Node;
        if (type === 'CallExpression' || type === 'AwaitExpression' || type === 'AssignmentExpression') {
          add(node.start, node.end, ';', `without ${short(text(node))}`);
        }
        break;
      }
      case 'Literal':
        if (typeof node['value'] === 'number') {
          add(node.start, node.end, String(node['value'] + 1), `${text(node)} → ${node['value'] + 1}`);
        } else if (typeof node['value'] === 'boolean') {
          add(node.start, node.end, String(!node['value']), `${text(node)} → ${!node['value']}`);
        }
        break;
      case 'MemberExpression':
        swapMethod(node);
        break;
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
      case 'FunctionDeclaration':
        empty(node['body']);
        break;
      default:
    }
  }

  function swapMethod({ property, optional, object }: Node): void {
    const name = property as Node;
    const other = METHODS[text(name)];
    if (other !== undefined) {
      add(name.start, name.end, other, `${text(name)} → ${other}`);
    }
    if (optional === true) {
      const at = source.indexOf('?.', (object as Node).end);
      add(at, at + 2, text(name).startsWith('[') ? '' : '.', `${short(text(object as Node))}?. → .`);
    }
  }

  visit(parseAst(source, { lang: 'ts' }) as unknown as Node);
  return found;
}

/** The source with the fault in it. */
export function applyMutant(source: string, { start, end, replacement }: Mutant): string {
  return source.slice(0, start) + replacement + source.slice(end);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}
