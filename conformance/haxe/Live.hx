import io.colyseus.Client;
import io.colyseus.Room;

/** Plays the flows of engines/haxe against a real server. The argument is its URL; prints one line for each flow that was right. */
class Live {
	static var url:String;
	static var ann:PresenceClient;
	static var bob:PresenceClient;

	static function main() {
		url = Sys.args()[0];
		try {
			play();
		} catch (error:haxe.Exception) {
			Sys.stderr().writeString(error.details() + "\n");
			Sys.exit(1);
		}
		Sys.exit(0);
	}

	static function play() {
		flow("joins with a status", () -> {
			bob = join("bob", "here");
			ann = join("ann", "");
			wait(() -> ann.general("ann") == "online", "the own presence");
		});
		flow("follows, and sees who is online", () -> {
			await("the follow", (done) -> ann.follow(["bob", "zoe"], done));
			sees("here", "online");
			check(ann.general("zoe") == "unlogined");
		});
		flow("hears a change", () -> {
			await("the status", (done) -> bob.setStatus("changed 🎮", done));
			sees("changed 🎮", "online");
		});
		flow("appears offline", () -> {
			await("the status", (done) -> bob.setStatus(null, done));
			sees("", "offline");
			bob.setStatus("back");
			sees("back", "online");
		});
		flow("has the same in the state", () -> {
			wait(() -> {
				final user = ann.room.state.users.get("bob");
				final shown = [for (connection in user.connections) connection.status];
				user.general == "online" && shown.join(",") == "back";
			}, "the state");
		});
		flow("joins a friend", () -> {
			var match:Room<PresenceState> = null;
			bob.client.create("match", [], PresenceState, (error, room) -> match = room);
			wait(() -> match != null, "the match");
			bob.setStatus('{"matchId":"${match.roomId}"}');
			wait(() -> statuses("bob").indexOf(match.roomId) >= 0, "the match id");
			final seat = await("the seat", (done) -> ann.joinFriend("bob", done));
			var room:Room<PresenceState> = null;
			ann.client.consumeSeatReservation(seat, PresenceState, (error, joined) -> room = joined);
			wait(() -> room != null, "the match of the friend");
			check(room.roomId == match.roomId);
		});
		flow("waits out rate_limited", () -> {
			var done = 0;
			for (i in 0...10) {
				ann.follow(['user-$i'], (problem, _) -> {
					check(problem == null);
					done++;
				});
			}
			wait(() -> done == 10, "ten follows");
		});
		flow("unfollows", () -> {
			await("the unfollow", (done) -> ann.unfollow(["bob"], done));
			bob.setStatus("unheard");
			await("a call behind it", (done) -> ann.setStatus("last", done));
			check(statuses("bob") == "");
		});
	}

	static function flow(name:String, run:() -> Void) {
		run();
		Sys.println('flow: $name');
	}

	static function join(token:String, status:String):PresenceClient {
		final client = new Client(url);
		client.http.authToken = token;
		var friends:PresenceClient = null;
		var failure:Dynamic = null;
		PresenceClient.join(client, "presence", ["status" => status], (error, joined) -> {
			friends = joined;
			failure = error;
		});
		wait(() -> friends != null || failure != null, 'the join of $token');
		check(failure == null);
		return friends;
	}

	static function await(what:String, start:(done:(problem:Dynamic, reply:Dynamic) -> Void) -> Void):Dynamic {
		var finished = false;
		var failure:Dynamic = null;
		var result:Dynamic = null;
		start((problem, reply) -> {
			failure = problem;
			result = reply;
			finished = true;
		});
		wait(() -> finished, what);
		if (failure != null) {
			throw new haxe.Exception('$what: ${failure.message}');
		}
		return result;
	}

	static function statuses(userId:String):String {
		final known = ann.connections[userId];
		return known == null ? "" : [for (presence in known) presence.status].join(",");
	}

	static function sees(status:String, general:String) {
		wait(() -> statuses("bob") == status && ann.general("bob") == general, 'ann to see "$status"');
	}

	static function check(right:Bool) {
		if (!right) {
			throw new haxe.Exception("that is wrong");
		}
	}

	static function wait(condition:() -> Bool, what:String) {
		final deadline = Sys.time() + 10;
		while (!condition()) {
			if (Sys.time() > deadline) {
				throw new haxe.Exception('timed out waiting for $what; ann sees ${ann?.connections}');
			}
			sys.thread.Thread.current().events.progress();
			Sys.sleep(0.005);
		}
	}
}
