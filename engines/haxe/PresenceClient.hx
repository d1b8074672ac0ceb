import haxe.Timer;
import io.colyseus.Client;
import io.colyseus.Room;

/** One visible connection of a user. */
typedef Presence = {
	userId:String,
	connectionId:String,
	status:String,
	?matchId:String,
	/** See docs/matches.md. */
	?match:Dynamic,
	?username:String
};

typedef PresenceProblem = {code:String, message:String, ?retryAfterMs:Int};
typedef Done = (problem:Null<PresenceProblem>, reply:Dynamic) -> Void;

/**
 * A friends list over the Colyseus SDK for Haxe. See README.md beside this file.
 *
 *     PresenceClient.join(client, "presence", ["status" => "In the menu"], (error, friends) -> {
 *         friends.onChange = userId -> trace(userId, friends.general(userId));
 *         friends.follow(["bob"]);
 *     });
 */
class PresenceClient {
	public final client:Client;
	public var room(default, null):Room<PresenceState>;
	public var userId(default, null):String;
	public var connectionId(default, null):String;

	/** User id → connection id → presence. */
	public final connections:Map<String, Map<String, Presence>> = [];

	public dynamic function onChange(userId:String):Void {}

	public dynamic function onProblem(problem:PresenceProblem):Void
		trace('presence: ${problem.message}');

	/** The seat is lost: join again, and follow again. */
	public dynamic function onLeave(code:Int):Void {}

	final generals:Map<String, String> = [];
	final waiting:Map<Int, {type:String, payload:Dynamic, done:Done}> = [];
	var lastCid = 0;

	/** `options`: `status`, `sync` (`both`, `deltas` or `state`), and what your `onAuth` needs. */
	public static function join(client:Client, roomName:String, options:Map<String, Dynamic>,
			callback:(error:Dynamic, friends:Null<PresenceClient>) -> Void) {
		client.joinOrCreate(roomName, options, PresenceState, (error, room) -> {
			callback(error, error == null ? new PresenceClient(client, room) : null);
		});
	}

	/** Make it in the callback of the join: messages that come earlier are lost. */
	public function new(client:Client, room:Room<PresenceState>) {
		this.client = client;
		this.room = room;
		room.onMessage("presence:welcome", (welcome) -> {
			userId = welcome.userId;
			connectionId = welcome.connectionId;
			replace([welcome.userId], welcome.presences, []);
		});
		room.onMessage("presence:delta", (delta) -> {
			final leaves:Array<Presence> = delta.leaves;
			for (presence in leaves) {
				of(presence.userId).remove(presence.connectionId);
			}
			put(delta.joins, delta.users);
			tell(leaves.concat(delta.joins), delta.users);
		});
		room.onMessage("presence:snapshot", (snapshot) -> {
			if (snapshot.complete == true) {
				connections.clear();
				generals.clear();
			}
			replace(snapshot.userIds, snapshot.presences, snapshot.users);
		});
		room.onMessage("presence:unfollowed", (message) -> forget(message.userIds));
		room.onMessage("presence:reply", onReply);
		// The SDK comes back by itself after a lost connection; a complete snapshot follows.
		room.onLeave += (code) -> onLeave(code);
	}

	/** A text; `""` = online with nothing to say; `null` = appear offline. */
	public function setStatus(status:Null<String>, ?done:Done) {
		// The SDK's encoder leaves a null out.
		call("presence:status", {status: status == null ? (false : Dynamic) : status}, done);
	}

	/** At most 100 ids in one call. */
	public function follow(userIds:Array<String>, ?done:Done) {
		call("presence:follow", {userIds: userIds}, (problem, reply) -> {
			if (problem == null) {
				forget(reply.evicted ?? []);
				put(reply.presences, reply.users);
				tell(reply.presences, reply.users);
			}
			finish(done, problem, reply);
		});
	}

	public function unfollow(userIds:Array<String>, ?done:Done) {
		call("presence:unfollow", {userIds: userIds}, (problem, reply) -> {
			if (problem == null)
				forget(userIds);
			finish(done, problem, reply);
		});
	}

	/** The reply is the seat in the friend's match: give it to `client.consumeSeatReservation` with the state of that room. */
	public function joinFriend(userId:String, done:Done) {
		call("presence:join", {userId: userId}, done);
	}

	/** `online`, `offline`, `unlogined` or `unknown`. */
	public function general(userId:String):String {
		return of(userId).iterator().hasNext() ? "online" : generals[userId] ?? "unlogined";
	}

	/** Waits out `rate_limited`. */
	public function call(type:String, payload:Dynamic, ?done:Done) {
		final cid = ++lastCid;
		final message = Reflect.copy(payload);
		Reflect.setField(message, "cid", cid);
		waiting[cid] = {type: type, payload: payload, done: (problem, reply) -> finish(done, problem, reply)};
		room.send(type, message);
	}

	function onReply(reply:Dynamic) {
		final asked = reply.cid == null ? null : waiting[reply.cid];
		if (asked == null) {
			if (!reply.ok)
				onProblem(reply.error);
			return;
		}
		waiting.remove(reply.cid);
		if (reply.ok) {
			asked.done(null, reply);
		} else if (reply.error.code == "rate_limited") {
			// Messages may come on the thread of the socket, which has no timers.
			haxe.MainLoop.runInMainThread(() -> Timer.delay(() -> call(asked.type, asked.payload, asked.done), reply.error.retryAfterMs));
		} else {
			asked.done(reply.error, null);
		}
	}

	function finish(done:Null<Done>, problem:Null<PresenceProblem>, reply:Dynamic) {
		if (done != null) {
			done(problem, reply);
		} else if (problem != null) {
			onProblem(problem);
		}
	}

	function of(userId:String):Map<String, Presence> {
		if (!connections.exists(userId)) {
			connections.set(userId, new Map());
		}
		return connections[userId];
	}

	function put(presences:Array<Presence>, users:Null<Array<Dynamic>>) {
		for (presence in presences) {
			of(presence.userId)[presence.connectionId] = presence;
		}
		for (entry in users ?? []) {
			generals[entry.userId] = entry.general;
		}
	}

	function replace(userIds:Array<String>, presences:Array<Presence>, users:Array<Dynamic>) {
		for (userId in userIds) {
			connections.remove(userId);
		}
		put(presences, users);
		for (userId in userIds) {
			onChange(userId);
		}
	}

	function forget(userIds:Array<String>) {
		for (userId in userIds) {
			connections.remove(userId);
			generals.remove(userId);
			onChange(userId);
		}
	}

	function tell(presences:Array<Presence>, users:Null<Array<Dynamic>>) {
		final told:Map<String, Bool> = [];
		for (userId in presences.map(presence -> presence.userId).concat((users ?? []).map(entry -> entry.userId))) {
			if (!told.exists(userId)) {
				told[userId] = true;
				onChange(userId);
			}
		}
	}
}
