// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 
// ignore_for_file: non_constant_identifier_names, constant_identifier_names

import 'package:colyseus/colyseus.dart';

final class PresenceConnection extends SchemaRef {
  PresenceConnection(super.handle);

  String get connectionId => view.getString('connectionId') ?? '';
  String get status => view.getString('status') ?? '';
  String get matchId => view.getString('matchId') ?? '';
  String get match => view.getString('match') ?? '';
}
