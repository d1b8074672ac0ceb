/*
 * Reads the states of the story with the decoder of native-sdk, the C core of
 * the SDKs for Godot, GameMaker and Flutter, and the generated classes.
 * The argument is the story; what it prints is in conformance/README.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "colyseus/schema.h"
#include "presence_state.h"

static colyseus_schema_serializer_t* serializer;

static void print_text(const char* value) {
    putchar('"');
    for (const unsigned char* c = (const unsigned char*)(value ? value : ""); *c; c++) {
        if (*c < ' ' || *c == '"' || *c == '\\') {
            printf("\\u%04x", *c);
        } else {
            putchar(*c);
        }
    }
    putchar('"');
}

static void print_field(const char* before, const char* name, const char* value) {
    printf("%s\"%s\":", before, name);
    print_text(value);
}

/* What stands before the next entry: nothing, or a comma. */
static void print_key(const char* key, void* before) {
    fputs(*(const char**)before, stdout);
    *(const char**)before = ",";
    print_text(key);
    putchar(':');
}

static void print_connection(const char* key, void* value, void* before) {
    const presence_connection_t* connection = value;
    print_key(key, before);
    print_field("{", "connectionId", connection->connectionId);
    print_field(",", "status", connection->status);
    print_field(",", "matchId", connection->matchId);
    print_field(",", "match", connection->match);
    putchar('}');
}

static void print_user(const presence_user_t* user) {
    const char* before = "";
    print_field("{", "userId", user->userId);
    print_field(",", "username", user->username);
    print_field(",", "general", user->general);
    fputs(",\"connections\":{", stdout);
    if (user->connections) {
        colyseus_map_schema_foreach(user->connections, print_connection, &before);
    }
    fputs("}}", stdout);
}

static void print_entry(const char* key, void* value, void* before) {
    print_key(key, before);
    print_user(value);
}

static void print_tree(void) {
    const presence_state_t* state = colyseus_schema_serializer_get_state(serializer);
    const char* before = "";
    fputs("{\"tree\":{\"me\":", stdout);
    if (state->me) {
        print_user(state->me);
    } else {
        fputs("null", stdout);
    }
    fputs(",\"users\":{", stdout);
    if (state->users) {
        colyseus_map_schema_foreach(state->users, print_entry, &before);
    }
    fputs("}}}\n", stdout);
}

/* The bytes of a line `{"line":"patch","bytes":"0a1b…"`. */
static uint8_t* bytes_of(const char* line, size_t* length) {
    const char* hex = strstr(line, ",\"bytes\":\"");
    if (!hex) {
        return NULL;
    }
    hex += strlen(",\"bytes\":\"");
    *length = strcspn(hex, "\"") / 2;
    uint8_t* bytes = malloc(*length + 1);
    for (size_t i = 0; i < *length; i++) {
        sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
    }
    return bytes;
}

int main(int argc, char** argv) {
    FILE* story = argc > 1 ? fopen(argv[1], "r") : NULL;
    char* line = NULL;
    size_t size = 0;
    if (!story) {
        fprintf(stderr, "Usage: decode STORY\n");
        return 1;
    }
    while (getline(&line, &size, story) > 0) {
        size_t length = 0;
        uint8_t* bytes = bytes_of(line, &length);
        if (!strncmp(line, "{\"line\":\"join\"", 14)) {
            serializer = colyseus_schema_serializer_create(&presence_state_vtable);
            colyseus_schema_serializer_handshake(serializer, bytes, length, 0);
        } else if (!strncmp(line, "{\"line\":\"state\"", 15)) {
            /* The SDK keeps its serializer when it has its seat again. */
            colyseus_schema_serializer_set_state(serializer, bytes, length, 0);
            print_tree();
        } else if (!strncmp(line, "{\"line\":\"patch\"", 15)) {
            colyseus_schema_serializer_patch(serializer, bytes, length, 0);
            print_tree();
        }
        free(bytes);
    }
    return 0;
}
