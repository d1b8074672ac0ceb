/** `colyseus-presence/client`: friend presence for browsers and Node, without any server code. */
export { PresenceClient } from './presence-client.ts';
export { compareFriends, detailsOf } from './friend.ts';
export type { FollowResult } from './follows.ts';
export type { JoinFriendOptions } from './join-friend.ts';
export type {
  AttachOptions,
  ConnectionPhase,
  Friend,
  PresenceClientOptions,
  RejoinOptions,
  RoomMethod,
  UserStatusChange,
} from './types.ts';
export { ERRORS, PresenceError } from '../protocol.ts';
export type {
  Delta,
  GeneralChange,
  GeneralStatus,
  JoinPolicy,
  MatchBlock,
  MatchInfo,
  Presence,
  PresenceErrorBody,
  PresenceErrorCode,
  PresenceErrorOptions,
  PresenceEvents,
  Requests,
  Status,
  Sync,
  UnverifiedMatch,
  UserStatus,
  VerifiedMatch,
} from '../protocol.ts';
export type { UserIdLike } from '../ids.ts';
