/** Puts together what the processes know of a viewer and a user. Pure. */
import type { Sight } from '../core/explain.ts';
import type { UserStatus } from '../protocol.ts';
import type { Answers } from './questions.ts';
import type { ExplainedView, ExplainReason, Explanation } from './report-types.ts';
import type { ExplainShare } from './inquiry.ts';

/** The reasons, those of connections that see most first. */
const MESSAGES: Record<ExplainReason, string> = {
  visible: 'The viewer sees the user.',
  self: 'The viewer is the user, and sees itself as it is.',
  away: "The viewer's connection was lost; it gets all it has missed when it comes back within its grace.",
  behind: 'The viewer does not read what it is sent; it gets a snapshot as soon as it does.',
  redacted: 'The hook "redact" hides from the viewer all there is to see of the user.',
  unknown: 'The shared store does not answer, and nothing of the user is known on the process of the viewer.',
  invisible: 'The user is connected, but invisible: none of its connections has set a status.',
  offline: 'The user is not connected: its last connection was lost, or became invisible before it ended.',
  unlogined: 'The user is not connected: it has left by itself, or was never visible as long as is remembered.',
  refused: 'The hook "canFollow" has refused the follow: to the viewer the user looks like one who was never seen.',
  blocked: 'The user has blocked the viewer, and looks offline to it.',
  not_followed: 'The viewer does not follow the user.',
  viewer_offline: 'The viewer has no connection to a presence-aware room.',
};
const RANKS = Object.keys(MESSAGES) as ExplainReason[];

export function explanationOf(
  { general, presences }: UserStatus,
  { byProcess, complete }: Answers<ExplainShare>,
): Explanation {
  const shares = [...byProcess.values()];
  const connections = sum(shares.map((share) => share.connections));
  const invisible = sum(shares.map((share) => share.invisible));
  const unseen: ExplainReason = invisible > 0 ? 'invisible' : general === 'online' ? 'unknown' : general;
  const views = [...byProcess].flatMap(([process, share]) =>
    share.views.map((sight) => viewOf(process, sight, unseen)),
  );
  const [best] = views.map((view) => view.reason).sort((a, b) => RANKS.indexOf(a) - RANKS.indexOf(b));
  const reason = best ?? (complete ? 'viewer_offline' : 'unknown');
  return {
    reason,
    message:
      best === undefined && !complete ? 'Not every process has answered: the viewer may be there.' : MESSAGES[reason],
    views,
    user: { general, presences, connections, invisible },
    processes: byProcess.size,
    complete,
  };
}

function viewOf(process: string, sight: Sight, unseen: ExplainReason): ExplainedView {
  const { connectionId, reason, follows, general, presences, redacted } = sight;
  return {
    connectionId,
    process,
    reason: reason === 'unseen' ? unseen : reason,
    follows,
    general,
    presences: [...presences],
    redacted,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
