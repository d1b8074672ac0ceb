// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 

namespace ColyseusPresence {
	public partial class PresenceConnection : global::Colyseus.Schema.Schema {
#if UNITY_5_3_OR_NEWER
		[global::UnityEngine.Scripting.Preserve]
#endif
		public PresenceConnection() { }

		[global::Colyseus.Schema.Type(0, "string")]
		public string connectionId = default(string);

		[global::Colyseus.Schema.Type(1, "string")]
		public string status = default(string);

		[global::Colyseus.Schema.Type(2, "string")]
		public string matchId = default(string);

		[global::Colyseus.Schema.Type(3, "string")]
		public string match = default(string);
	}
}
