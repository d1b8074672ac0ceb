/** Who follows whom: the same answer every time it is asked. */
export type Graph =
  /** Everyone follows `follows` others, spread over the whole crowd. */
  | { kind: 'ring'; users: number; follows: number }
  /** Users 0 … publishers-1 have `followers` followers each, which follow nobody else. */
  | { kind: 'stars'; publishers: number; followers: number }
  /** Users from `targets` on follow `follows` of the first `targets` users. */
  | { kind: 'audience'; targets: number; users: number; follows: number };

export function usersOf(graph: Graph): number {
  return graph.kind === 'stars' ? graph.publishers * (graph.followers + 1) : graph.users;
}

export function followsOf(graph: Graph, user: number): number[] {
  if (graph.kind === 'stars') {
    return user < graph.publishers ? [] : [Math.floor((user - graph.publishers) / graph.followers)];
  }
  if (graph.kind === 'ring') {
    const stride = Math.max(1, Math.floor((graph.users - 1) / graph.follows));
    return Array.from({ length: graph.follows }, (_, i) => (user + 1 + i * stride) % graph.users);
  }
  return user < graph.targets ? [] : Array.from({ length: graph.follows }, (_, i) => (user + i) % graph.targets);
}
