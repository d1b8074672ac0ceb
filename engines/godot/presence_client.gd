## A friends list over the Colyseus SDK for Godot 4. See README.md beside this file.
##
##     var client := Colyseus.Client.new("ws://localhost:2567")
##     var friends := PresenceClient.new(client, "presence", {"status": "In the menu"})
##     friends.changed.connect(func(user_id): print(user_id, " ", friends.general(user_id)))
##     await friends.joined
##     friends.follow(["bob"])
class_name PresenceClient
extends RefCounted

signal joined
## The user's presences or general status have changed.
signal changed(user_id: String)
## A call without a callback has failed, or the join.
signal failed(problem: Dictionary)
## The seat is lost: join again, and follow again.
signal left(code: int)

var client: Colyseus.Client
var room: Colyseus.Room
var user_id := ""
var connection_id := ""
## user id -> { connection id -> presence }
var connections := {}

var _generals := {}
var _waiting := {}
var _last_cid := 0


## `options`: status, sync ("both", "deltas" or "state"), and what your onAuth needs.
func _init(colyseus: Colyseus.Client, room_name: String, options: Dictionary) -> void:
	client = colyseus
	room = client.join_or_create(room_name, options)
	room.joined.connect(func(): joined.emit())
	room.message_received.connect(_on_message)
	room.error.connect(func(code, message): failed.emit({"code": str(code), "message": message}))
	# The SDK comes back by itself after a lost connection; a complete snapshot follows.
	room.left.connect(func(code, _reason): left.emit(code))


## A text; "" = online with nothing to say; null = appear offline.
func set_status(status: Variant, done := Callable()) -> void:
	request("presence:status", {"status": status}, done)


## At most 100 ids in one call: a plain Array, since a PackedStringArray arrives as null.
func follow(user_ids: Array, done := Callable()) -> void:
	request("presence:follow", {"userIds": user_ids}, func(problem, reply):
		if problem == null:
			_forget(reply.get("evicted", []))
			_put(reply.presences, reply.users)
			_tell(reply.presences + reply.users)
		_finish(done, problem, reply))


func unfollow(user_ids: Array, done := Callable()) -> void:
	request("presence:unfollow", {"userIds": user_ids}, func(problem, reply):
		if problem == null:
			_forget(user_ids)
		_finish(done, problem, reply))


## The room of the match that the user is in, or null. The SDK takes no seats: the match's own door decides.
func join_friend(friend_id: String, options := {}) -> Colyseus.Room:
	for presence in _of(friend_id).values():
		if presence.has("matchId"):
			return client.join_by_id(presence.matchId, options)
	return null


## "online", "offline", "unlogined" or "unknown".
func general(of_user: String) -> String:
	return _generals.get(of_user, "unlogined") if _of(of_user).is_empty() else "online"


## `done` is called with (problem, reply); problem = { code, message, retryAfterMs } or null. Waits out rate_limited.
func request(type: String, payload: Dictionary, done := Callable()) -> void:
	_last_cid += 1
	var message := payload.duplicate()
	message["cid"] = _last_cid
	_waiting[_last_cid] = {"type": type, "payload": payload, "done": done}
	room.send_message(type, message)


func _on_message(type, message) -> void:
	match str(type):
		"presence:welcome":
			user_id = message.userId
			connection_id = message.connectionId
			_replace([user_id], message.presences, [])
		"presence:delta":
			for presence in message.leaves:
				_of(presence.userId).erase(presence.connectionId)
			_put(message.joins, message.get("users", []))
			_tell(message.leaves + message.joins + message.get("users", []))
		"presence:snapshot":
			if message.get("complete", false):
				connections.clear()
				_generals.clear()
			_replace(message.userIds, message.presences, message.users)
		"presence:unfollowed":
			_forget(message.userIds)
		"presence:reply":
			_on_reply(message)


func _on_reply(reply: Dictionary) -> void:
	var cid = reply.get("cid")
	if cid == null or not _waiting.has(int(cid)):
		if not reply.ok:
			failed.emit(reply.error)
		return
	var asked: Dictionary = _waiting[int(cid)]
	_waiting.erase(int(cid))
	if reply.ok:
		_finish(asked.done, null, reply)
	elif reply.error.code == "rate_limited":
		var tree := Engine.get_main_loop() as SceneTree
		await tree.create_timer(reply.error.retryAfterMs / 1000.0).timeout
		request(asked.type, asked.payload, asked.done)
	else:
		_finish(asked.done, reply.error, null)


func _finish(done: Callable, problem: Variant, reply: Variant) -> void:
	if done.is_valid():
		done.call(problem, reply)
	elif problem != null:
		failed.emit(problem)


func _of(of_user: String) -> Dictionary:
	if not connections.has(of_user):
		connections[of_user] = {}
	return connections[of_user]


func _put(presences: Array, users: Array) -> void:
	for presence in presences:
		_of(presence.userId)[presence.connectionId] = presence
	for entry in users:
		_generals[entry.userId] = entry.general


func _replace(user_ids: Array, presences: Array, users: Array) -> void:
	for id in user_ids:
		connections.erase(id)
	_put(presences, users)
	for id in user_ids:
		changed.emit(id)


func _forget(user_ids: Array) -> void:
	for id in user_ids:
		connections.erase(id)
		_generals.erase(id)
		changed.emit(id)


func _tell(entries: Array) -> void:
	var told := {}
	for entry in entries:
		if not told.has(entry.userId):
			told[entry.userId] = true
			changed.emit(entry.userId)
