// Small changes to the text of a source, each of which should make some test fail: a comparison turned or moved by one, a condition that
// always or never holds, `and` for `or`, a number one higher, a call left out. Types and what is only said to people are left alone.
import { parseAst } from 'vitest/node'

/** One change. */
export interface Mutant {
  /** Relative to the root of the project. */
  readonly file: string
  readonly line: number
  /** Where in the text; `end` is behind it. */
  readonly start: number
  readonly end: number
  readonly before: string
  readonly after: string
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [name: string]: unknown
}

const COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '==': ['!='],
  '!=': ['=='],
  '+': ['-'],
  '-': ['+'],
  '&': ['|'],
  '&&': ['||'],
  '||': ['&&'],
}

/** Every change to one source. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const found: Mutant[] = []
  const put = (start: number, end: number, after: string): void => {
    const line = text.slice(0, start).split('\n').length
    found.push({ file, line, start, end, before: text.slice(start, end), after })
  }
  const visit = (node: Node, said: boolean): void => {
    if (!said) change(node, text, put)
    const inner = said || isSaid(node)
    for (const child of childrenOf(node)) visit(child, inner)
  }
  visit(parseAst(text, { lang: 'ts' }) as unknown as Node, false)
  return found
}

function change(node: Node, text: string, put: (start: number, end: number, after: string) => void): void {
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression': {
      const [left, right] = [node.left as Node, node.right as Node]
      const operator = node.operator as string
      // What is joined, and not added.
      if (operator === '+' && (isText(left) || isText(right))) return
      const at = text.indexOf(operator, left.end)
      for (const other of COMPARISONS[operator] ?? []) put(at, at + operator.length, other)
      return
    }
    case 'IfStatement':
    case 'ConditionalExpression': {
      const test = node.test as Node
      put(test.start, test.end, 'true')
      put(test.start, test.end, 'false')
      return
    }
    case 'UnaryExpression':
      if (node.operator === '!') put(node.start, node.start + 1, '')
      return
    case 'ExpressionStatement': {
      const { type } = node.expression as Node
      if (type === 'CallExpression' || type === 'ChainExpression') put(node.start, node.end, ';')
      return
    }
    case 'Literal':
      if (typeof node.value === 'number') put(node.start, node.end, String(node.value + 1))
      else if (typeof node.value === 'boolean') put(node.start, node.end, String(!node.value))
  }
}

const isText = (node: Node): boolean =>
  node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string')

/** True for what makes a message: tests look at its code. */
function isSaid(node: Node): boolean {
  if (node.type === 'TemplateLiteral') return true
  return node.type.startsWith('TS') && node.type !== 'TSNonNullExpression' && node.type !== 'TSAsExpression'
}

function childrenOf(node: Node): Node[] {
  const children: Node[] = []
  for (const [name, value] of Object.entries(node)) {
    if (name === 'typeAnnotation') continue
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof one === 'object' && one !== null && typeof (one as Node).type === 'string') children.push(one as Node)
    }
  }
  return children
}
