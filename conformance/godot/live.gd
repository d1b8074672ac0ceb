## Plays the flows of engines/godot against a real server.
## Usage: godot --headless --path PROJECT --script live.gd -- URL; prints one line for each flow that was right.
extends SceneTree

const State = preload("res://schema.gd")
const TIMEOUT_MS = 10_000

var url: String
var ann: PresenceClient
var bob: PresenceClient
var rooms: Array[Colyseus.Room] = []
var wrong := ""


func _initialize() -> void:
	url = OS.get_cmdline_user_args()[0].replace("http://", "ws://")
	_play()


func _play() -> void:
	var flows := {
		"joins with a status": _joins,
		"follows, and sees who is online": _follows,
		"hears a change": _hears_a_change,
		"appears offline": _appears_offline,
		"has the same in the state": _has_the_same_in_the_state,
		"joins a friend": _joins_a_friend,
		"waits out rate_limited": _waits_out_rate_limited,
		"comes back after a lost connection": _comes_back,
		"unfollows": _unfollows,
	}
	for flow in flows:
		await flows[flow].call()
		if wrong != "":
			printerr(wrong)
			break
		print("flow: ", flow)
	# With a room open the SDK crashes at the end.
	for room in rooms:
		room.leave()
	var deadline := Time.get_ticks_msec() + 2000
	while Time.get_ticks_msec() < deadline and rooms.any(func(room): return room.connected):
		await process_frame
	quit(0 if wrong == "" else 1)


func _joins() -> void:
	bob = await _join("bob", "here")
	ann = await _join("ann", "")
	await _until(func(): return ann.general("ann") == "online", "the own presence")


func _follows() -> void:
	await _ask(func(done): ann.follow(["bob", "zoe"], done))
	await _sees("here", "online")
	_check(ann.general("zoe") == "unlogined")


func _hears_a_change() -> void:
	await _ask(func(done): bob.set_status("changed 🎮", done))
	await _sees("changed 🎮", "online")


func _appears_offline() -> void:
	await _ask(func(done): bob.set_status(null, done))
	await _sees("", "offline")
	bob.set_status("back")
	await _sees("back", "online")


func _has_the_same_in_the_state() -> void:
	await _until(func():
		var user: Dictionary = ann.room.get_state().users.bob
		var shown: Array = user.connections.values().map(func(connection): return connection.status)
		return user.general == "online" and shown == ["back"], "the state")


func _joins_a_friend() -> void:
	var made: Colyseus.Room = bob.client.create("match")
	await _until(func(): return made.connected and made.get_id() != "", "the match")
	bob.set_status(JSON.stringify({"matchId": made.get_id()}))
	await _until(func(): return _statuses("bob").contains(made.get_id()), "the match id")
	var joined := ann.join_friend("bob")
	await _until(func(): return joined.connected, "the match of the friend")
	_check(joined.get_id() == made.get_id())
	rooms.append_array([made, joined])


func _waits_out_rate_limited() -> void:
	var answers := []
	for i in 10:
		ann.follow(["user-%d" % i], func(problem, _reply): answers.append(problem))
	await _until(func(): return answers.size() == 10, "ten follows")
	_check(answers.all(func(problem): return problem == null))


func _comes_back() -> void:
	ann.room.set_reconnection_options({"min_uptime_ms": 0})
	var reached := {}
	ann.room.dropped.connect(func(_code, _reason): reached["dropped"] = true)
	ann.room.reconnected.connect(func(): reached["reconnected"] = true)
	ann.room.drop()
	await _until(func(): return reached.has("dropped"), "the drop")
	bob.set_status("meanwhile")
	await _until(func(): return reached.has("reconnected"), "the return")
	await _sees("meanwhile", "online")


func _unfollows() -> void:
	await _ask(func(done): ann.unfollow(["bob"], done))
	bob.set_status("unheard")
	await _ask(func(done): ann.set_status("last", done))
	_check(_statuses("bob") == "")


func _join(token: String, status: String) -> PresenceClient:
	var client := Colyseus.Client.new(url)
	client.auth.set_token(token)
	var friends := PresenceClient.new(client, "presence", {"status": status})
	rooms.append(friends.room)
	friends.room.set_state_type(State.PresenceState)
	friends.failed.connect(func(problem): wrong = "%s: %s" % [token, problem])
	await _until(func(): return friends.user_id == token, "the join of " + token)
	return friends


func _ask(start: Callable) -> void:
	var answers := []
	start.call(func(problem, _reply): answers.append(problem))
	await _until(func(): return answers.size() == 1, "the answer")
	_check(answers == [null])


func _statuses(user_id: String) -> String:
	var known: Dictionary = ann.connections.get(user_id, {})
	return ",".join(known.values().map(func(presence): return presence.status))


func _sees(status: String, general: String) -> void:
	await _until(func(): return _statuses("bob") == status and ann.general("bob") == general, 'ann to see "%s"' % status)


func _check(right: bool) -> void:
	if not right and wrong == "":
		wrong = "that is wrong: %s" % [get_stack()]


func _until(condition: Callable, what: String) -> void:
	var deadline := Time.get_ticks_msec() + TIMEOUT_MS
	while wrong == "" and not condition.call():
		if Time.get_ticks_msec() > deadline:
			wrong = "timed out waiting for " + what
		await process_frame
