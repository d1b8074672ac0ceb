using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Colyseus;

namespace ColyseusPresence
{
    /// <summary>One visible connection of a user.</summary>
    public class Presence
    {
        public string userId, connectionId, status, matchId, username;
        public Match match;
    }

    /// <summary>See docs/matches.md.</summary>
    public class Match
    {
        public bool verified, joinable;
        public string name, reason;
        public int players, maxPlayers;
        public object metadata;
    }

    public class General { public string userId, general; }
    public class Problem { public string code, message; public int retryAfterMs; }

    /// <summary>An error that the server answered with; <c>Code</c> is in docs/protocol.md.</summary>
    public class PresenceException : Exception
    {
        public readonly string Code;
        public PresenceException(Problem problem) : base(problem.message) { Code = problem.code; }
    }

    /// <summary>
    /// A friends list over the Colyseus SDK for Unity. See README.md beside this file.
    /// <code>
    /// var friends = await PresenceClient.Join(client, "presence", new Dictionary&lt;string, object> { ["status"] = "In the menu" });
    /// friends.OnChange += userId => Debug.Log(userId + " " + friends.GeneralOf(userId));
    /// await friends.Follow("bob");
    /// </code>
    /// </summary>
    public class PresenceClient
    {
        public class Delta { public List<Presence> joins, leaves; public List<General> users; }
        public class Welcome { public string userId, connectionId, username; public List<Presence> presences; }
        public class Snapshot { public List<string> userIds; public List<Presence> presences; public List<General> users; public bool complete; }
        public class Unfollowed { public List<string> userIds; }
        public class Reply
        {
            public string cid; public bool ok; public Problem error;
            public List<Presence> presences; public List<General> users; public List<string> evicted;
            // The seat that presence:join answers with.
            public string name, sessionId, roomId, processId, publicAddress;
        }

        public readonly Room<PresenceState> Room;
        public string UserId { get; private set; }
        public string ConnectionId { get; private set; }

        /// <summary>The user's presences or general status have changed.</summary>
        public event Action<string> OnChange = userId => { };

        readonly Client client;
        readonly Dictionary<string, Dictionary<string, Presence>> connections = new Dictionary<string, Dictionary<string, Presence>>();
        readonly Dictionary<string, string> generals = new Dictionary<string, string>();
        readonly Dictionary<string, TaskCompletionSource<Reply>> waiting = new Dictionary<string, TaskCompletionSource<Reply>>();
        int lastCid;

        /// <param name="options"><c>status</c>, <c>sync</c> ("both", "deltas" or "state"), and what your onAuth needs.</param>
        public static async Task<PresenceClient> Join(Client client, string roomName, Dictionary<string, object> options)
        {
            return new PresenceClient(client, await client.JoinOrCreate<PresenceState>(roomName, options));
        }

        /// <summary>Make it right after the join: messages that come earlier are lost.</summary>
        public PresenceClient(Client client, Room<PresenceState> room)
        {
            this.client = client;
            Room = room;
            room.OnMessage<Welcome>("presence:welcome", welcome =>
            {
                UserId = welcome.userId;
                ConnectionId = welcome.connectionId;
                Replace(new[] { welcome.userId }, welcome.presences, null);
            });
            room.OnMessage<Delta>("presence:delta", delta =>
            {
                delta.leaves.ForEach(presence => Of(presence.userId).Remove(presence.connectionId));
                Put(delta.joins, delta.users);
                Tell(delta.leaves.Concat(delta.joins), delta.users);
            });
            room.OnMessage<Snapshot>("presence:snapshot", snapshot =>
            {
                if (snapshot.complete) { connections.Clear(); generals.Clear(); }
                Replace(snapshot.userIds, snapshot.presences, snapshot.users);
            });
            room.OnMessage<Unfollowed>("presence:unfollowed", message => Forget(message.userIds));
            room.OnMessage<Reply>("presence:reply", reply =>
            {
                if (reply.cid != null && waiting.TryGetValue(reply.cid, out var call))
                {
                    waiting.Remove(reply.cid);
                    call.SetResult(reply);
                }
            });
        }

        /// <summary>Text; "" = online with nothing to say; null = appear offline.</summary>
        public Task SetStatus(string status) => Call("presence:status", new Dictionary<string, object> { ["status"] = status });

        /// <summary>At most 100 ids in one call.</summary>
        public async Task Follow(params string[] userIds)
        {
            var reply = await Call("presence:follow", new Dictionary<string, object> { ["userIds"] = userIds });
            Forget(reply.evicted ?? new List<string>());
            Put(reply.presences, reply.users);
            Tell(reply.presences, reply.users);
        }

        public async Task Unfollow(params string[] userIds)
        {
            await Call("presence:unfollow", new Dictionary<string, object> { ["userIds"] = userIds });
            Forget(userIds);
        }

        /// <summary>The match of a friend. Fails with no_match, match_full, match_locked, match_gone, match_denied.</summary>
        public async Task<Room<T>> JoinFriend<T>(string userId) where T : Colyseus.Schema.Schema
        {
            var seat = await Call("presence:join", new Dictionary<string, object> { ["userId"] = userId });
            return await client.ConsumeSeatReservation<T>(new SeatReservation
            {
                name = seat.name, sessionId = seat.sessionId, roomId = seat.roomId,
                processId = seat.processId, publicAddress = seat.publicAddress,
            });
        }

        /// <summary>"online", "offline", "unlogined" or "unknown".</summary>
        public string GeneralOf(string userId) =>
            Of(userId).Count > 0 ? "online" : generals.TryGetValue(userId, out var general) ? general : "unlogined";

        public IEnumerable<Presence> PresencesOf(string userId) => Of(userId).Values;

        /// <summary>Waits out rate_limited.</summary>
        public async Task<Reply> Call(string type, Dictionary<string, object> payload)
        {
            while (true)
            {
                var cid = "c" + ++lastCid;
                var answer = waiting[cid] = new TaskCompletionSource<Reply>();
                await Room.Send(type, new Dictionary<string, object>(payload) { ["cid"] = cid });
                var reply = await answer.Task;
                if (reply.ok) return reply;
                if (reply.error.code != "rate_limited") throw new PresenceException(reply.error);
                await Task.Delay(reply.error.retryAfterMs);
            }
        }

        Dictionary<string, Presence> Of(string userId)
        {
            if (!connections.TryGetValue(userId, out var known))
            {
                connections[userId] = known = new Dictionary<string, Presence>();
            }
            return known;
        }

        void Put(IEnumerable<Presence> presences, IEnumerable<General> users)
        {
            foreach (var presence in presences) Of(presence.userId)[presence.connectionId] = presence;
            foreach (var entry in users ?? Enumerable.Empty<General>()) generals[entry.userId] = entry.general;
        }

        void Replace(IList<string> userIds, List<Presence> presences, List<General> users)
        {
            foreach (var userId in userIds) connections.Remove(userId);
            Put(presences, users);
            foreach (var userId in userIds) OnChange(userId);
        }

        void Forget(IEnumerable<string> userIds)
        {
            foreach (var userId in userIds)
            {
                connections.Remove(userId);
                generals.Remove(userId);
                OnChange(userId);
            }
        }

        void Tell(IEnumerable<Presence> presences, IEnumerable<General> users)
        {
            var changed = (users ?? Enumerable.Empty<General>()).Select(entry => entry.userId);
            foreach (var userId in presences.Select(presence => presence.userId).Concat(changed).Distinct().ToList()) OnChange(userId);
        }
    }
}
