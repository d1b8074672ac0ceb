/** What players, the game's server and the network can do in a story. Numbers are taken modulo what there is. */
import * as fc from 'fast-check';

export type Action =
  | { do: 'connect'; user: number; place: number; status: string | null }
  | { do: 'status'; device: number; status: string | null }
  /** Several statuses in one turn. */
  | { do: 'flurry'; device: number; statuses: Array<string | null> }
  | { do: 'follow' | 'unfollow'; device: number; users: number[] }
  | { do: 'unfollowAll' | 'leave' | 'goOffline' | 'drop' | 'reload'; device: number }
  | { do: 'serverStatus'; user: number; place: number; status: string | null }
  | { do: 'serverFollow' | 'serverUnfollow'; user: number; place: number; users: number[] }
  | { do: 'block' | 'unblock'; user: number; place: number; blocked: number }
  | { do: 'disconnect'; user: number; place: number }
  | { do: 'kill'; place: number };

const small = fc.nat({ max: 11 });
const users = fc.uniqueArray(fc.nat({ max: 5 }), { maxLength: 3 });
const status = fc.constantFrom('', 'a', 'b', '{"matchId":"m"}', null);
const act = (name: Action['do'], fields: object): fc.Arbitrary<Action> =>
  fc.record({ do: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<Action>;

/** @param isCluster Whether processes can be killed. */
export function stories(isCluster: boolean, maxLength: number): fc.Arbitrary<Action[]> {
  const one = fc.oneof(
    { weight: 6, arbitrary: act('connect', { user: small, place: small, status }) },
    { weight: 5, arbitrary: act('follow', { device: small, users }) },
    { weight: 5, arbitrary: act('status', { device: small, status }) },
    { weight: 2, arbitrary: act('flurry', { device: small, statuses: fc.array(status, { maxLength: 4 }) }) },
    { weight: 2, arbitrary: act('unfollow', { device: small, users }) },
    { weight: 1, arbitrary: act('unfollowAll', { device: small }) },
    { weight: 1, arbitrary: act('leave', { device: small }) },
    { weight: 1, arbitrary: act('goOffline', { device: small }) },
    { weight: 3, arbitrary: act('drop', { device: small }) },
    { weight: 2, arbitrary: act('reload', { device: small }) },
    { weight: 2, arbitrary: act('serverStatus', { user: small, place: small, status }) },
    { weight: 2, arbitrary: act('serverFollow', { user: small, place: small, users }) },
    { weight: 1, arbitrary: act('serverUnfollow', { user: small, place: small, users }) },
    { weight: 2, arbitrary: act('block', { user: small, place: small, blocked: small }) },
    { weight: 1, arbitrary: act('unblock', { user: small, place: small, blocked: small }) },
    { weight: 1, arbitrary: act('disconnect', { user: small, place: small }) },
    { weight: isCluster ? 1 : 0, arbitrary: act('kill', { place: small }) },
  );
  return fc.array(one, { minLength: 3, maxLength, size: 'max' });
}
