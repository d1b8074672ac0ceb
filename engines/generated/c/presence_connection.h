// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 
#ifndef __SCHEMA_CODEGEN_PRESENCECONNECTION_H__
#define __SCHEMA_CODEGEN_PRESENCECONNECTION_H__ 1

#include "colyseus/schema/types.h"
#include "colyseus/schema/collections.h"
#include <stdlib.h>
#include <stddef.h>
#include <stdbool.h>

typedef struct {
    colyseus_schema_t __base;
    char* connectionId;
    char* status;
    char* matchId;
    char* match;
} presence_connection_t;

static const colyseus_field_t presence_connection_fields[] = {
    {0, "connectionId", COLYSEUS_FIELD_STRING, "string", offsetof(presence_connection_t, connectionId), NULL, NULL, NULL},
    {1, "status", COLYSEUS_FIELD_STRING, "string", offsetof(presence_connection_t, status), NULL, NULL, NULL},
    {2, "matchId", COLYSEUS_FIELD_STRING, "string", offsetof(presence_connection_t, matchId), NULL, NULL, NULL},
    {3, "match", COLYSEUS_FIELD_STRING, "string", offsetof(presence_connection_t, match), NULL, NULL, NULL}
};

static presence_connection_t* presence_connection_create(void) {
    presence_connection_t* instance = calloc(1, sizeof(presence_connection_t));
    return instance;
}

static void presence_connection_destroy(colyseus_schema_t* schema) {
    presence_connection_t* instance = (presence_connection_t*)schema;
    if (instance->connectionId) free(instance->connectionId);
    if (instance->status) free(instance->status);
    if (instance->matchId) free(instance->matchId);
    if (instance->match) free(instance->match);
    free(instance);
}

static const colyseus_schema_vtable_t presence_connection_vtable = {
    "PresenceConnection",
    sizeof(presence_connection_t),
    (colyseus_schema_t* (*)(void))presence_connection_create,
    presence_connection_destroy,
    presence_connection_fields,
    4
};

#endif
