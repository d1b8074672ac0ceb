## Reads the story with the Godot SDK and the generated classes, from a server that replays it.
## Usage: godot --headless --path PROJECT --script decode.gd -- URL; what it prints is in conformance/README.md.
extends SceneTree

const State = preload("res://schema.gd")

var room: Colyseus.Room


func _initialize() -> void:
	var client := Colyseus.Client.new(OS.get_cmdline_user_args()[0].replace("http://", "ws://"))
	room = client.join_or_create("presence")
	room.set_state_type(State.PresenceState)
	room.set_reconnection_options({"min_uptime_ms": 0, "delay_ms": 0, "min_delay_ms": 0})
	room.state_changed.connect(func():
		var state: Dictionary = room.get_state()
		var users := {}
		for id in state.users:
			users[id] = _user(state.users[id])
		_answer({"tree": {"me": _user(state.me), "users": users}}))
	room.message_received.connect(func(_type, payload): _answer({"payload": payload}))
	room.left.connect(func(_code, _reason): quit(0))


func _answer(line: Dictionary) -> void:
	print(JSON.stringify(line))
	room.send_message("next")


func _user(user: Variant) -> Variant:
	if user == null:
		return null
	var connections := {}
	for id in user.connections:
		var connection: Dictionary = user.connections[id]
		connection.erase("__ref_id")
		connections[id] = connection
	return {"userId": user.userId, "username": user.username, "general": user.general, "connections": connections}
