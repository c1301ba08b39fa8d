/* Trials on the portable part of the firmware, on this computer: trials KIND COUNT SEED, one line of figures.
 *
 * fuzz      frames that are noise, cut, flipped, replayed or out of turn, at an armed and at a closed board
 * silence   holds at random moments, then nothing: the longest time until the relay opens, in milliseconds
 * cuts      the supply goes at a random millisecond of a session and comes back: closings after it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modbus.h"

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % below;
}

static const struct wires AT_REST;
static struct board board;
static struct wires wires;

static void pass(uint32_t ms)
{
    while (ms--) {
        board_tick(&board, board.now + 1, &wires);
        wires.contact = board_closed(&board);
    }
}

static void start(void)
{
    struct record fresh = record_of_a_new_board();
    fresh.starts_a_minute = 0;
    wires = AT_REST;
    board_start(&board, &fresh, 1, &wires);
    pass(400);
}

static uint8_t finish(uint8_t *frame, uint8_t length)
{
    uint16_t crc = modbus_crc(frame, length);
    frame[length] = (uint8_t)crc;
    frame[length + 1] = (uint8_t)(crc >> 8);
    return length + 2;
}

static uint8_t hold_frame(uint8_t *frame, uint16_t hold_ms, uint16_t sequence)
{
    const uint8_t body[] = {ADDRESS, 16, 0, 0, 0, 2, 4, (uint8_t)(hold_ms >> 8), (uint8_t)hold_ms,
                            (uint8_t)(sequence >> 8), (uint8_t)sequence};
    memcpy(frame, body, sizeof body);
    return finish(frame, sizeof body);
}

static uint8_t say(const uint8_t *frame, uint8_t length)
{
    uint8_t answer[LONGEST_FRAME];
    return modbus_answer(&board, frame, length, answer);
}

/* Everything that may open or say something, and nothing that may hold. */
static uint8_t hostile_frame(uint8_t *frame)
{
    uint16_t sequence = (uint16_t)(board.sequence + 1);
    uint8_t length = hold_frame(frame, (uint16_t)(1 + draw(HOLD_MS)), sequence);
    switch (draw(8)) {
    case 0: /* noise */
        length = (uint8_t)(1 + draw(LONGEST_FRAME));
        for (uint8_t i = 0; i < length; ++i)
            frame[i] = (uint8_t)draw(256);
        return length;
    case 1: /* cut short */
        return (uint8_t)(1 + draw(length - 1u));
    case 2: /* up to three bits flipped */
        for (uint32_t flips = 1 + draw(3); flips--;)
            frame[draw(length)] ^= (uint8_t)(1u << draw(8));
        return modbus_crc(frame, length) == 0 ? 1 : length; /* the same bit flipped twice is no flip */
    case 3: /* replayed, or from another session */
        return hold_frame(frame, HOLD_MS, (uint16_t)(board.sequence - draw(60000)));
    case 4: /* longer than any hold */
        return hold_frame(frame, (uint16_t)(HOLD_MS + 1 + draw(60000)), sequence);
    case 5: /* for another server, or for all */
        frame[0] = (uint8_t)(draw(2) ? 0 : 2 + draw(250));
        return finish(frame, (uint8_t)(length - 2));
    case 6: /* a hold without its number */
        memcpy(frame, (uint8_t[]){ADDRESS, 6, 0, 0, 0, (uint8_t)(1 + draw(255))}, 6);
        return finish(frame, 6);
    default: /* a good checksum over nonsense that is no hold */
        frame[1] = (uint8_t)draw(256);
        if (frame[1] == 16)
            frame[5] = (uint8_t)(draw(2) ? 3 + draw(200) : 0);
        if (frame[1] == 6)
            frame[3] = HOLDING_CLEAR;
        return finish(frame, (uint8_t)(length - 2));
    }
}

static int fuzz(uint32_t count)
{
    uint32_t closings = 0, refreshes = 0, answers = 0;
    uint8_t frame[LONGEST_FRAME + 2];
    start();
    for (uint32_t i = 0; i < count; ++i) {
        if (i % 64 == 0) {
            board_arm(&board, (uint16_t)draw(65536));
            pass(20);
            if (i % 128 == 0)
                board_hold(&board, HOLD_MS, (uint16_t)(board.sequence + 1));
        }
        bool was_closed = board_closed(&board);
        uint32_t until = board.until;
        answers += say(frame, hostile_frame(frame)) != 0;
        closings += !was_closed && board_closed(&board);
        refreshes += was_closed && board_closed(&board) && board.until != until;
        pass(3);
    }
    printf("{\"frames\": %u, \"answers\": %u, \"closings\": %u, \"refreshes\": %u}\n", count, answers, closings, refreshes);
    return 0;
}

static int silence(uint32_t count)
{
    uint32_t longest = 0, forgotten = 0, reclosed = 0;
    uint8_t frame[LONGEST_FRAME];
    start();
    for (uint32_t i = 0; i < count; ++i) {
        uint16_t sequence = (uint16_t)draw(65536);
        board_arm(&board, sequence);
        for (uint32_t holds = 1 + draw(20); holds--;) {
            say(frame, hold_frame(frame, HOLD_MS, ++sequence));
            pass(1 + draw(200));
        }
        say(frame, hold_frame(frame, HOLD_MS, ++sequence));
        uint32_t began = board.now;
        while (board_closed(&board) && board.now - began < 10000)
            pass(1);
        forgotten += board_closed(&board);
        longest = board.now - began > longest ? board.now - began : longest;
        say(frame, hold_frame(frame, HOLD_MS, ++sequence));
        reclosed += board_closed(&board);
        pass(draw(500));
    }
    printf("{\"trials\": %u, \"longest_ms\": %u, \"never_opened\": %u, \"closed_again\": %u}\n", count, longest, forgotten,
           reclosed);
    return 0;
}

static int cuts(uint32_t count)
{
    uint32_t closings = 0;
    uint8_t frame[LONGEST_FRAME];
    start();
    for (uint32_t i = 0; i < count; ++i) {
        uint16_t sequence = (uint16_t)draw(65536);
        board_arm(&board, sequence);
        for (uint32_t holds = draw(5); holds--;) {
            say(frame, hold_frame(frame, HOLD_MS, ++sequence));
            pass(1 + draw(200));
        }
        struct record kept = board.kept;
        wires = AT_REST;
        board_start(&board, &kept, draw(2) ? 1 : 4, &wires);
        for (uint32_t holds = 0; holds < 20; ++holds) { /* a unit that noticed nothing goes on */
            say(frame, hold_frame(frame, HOLD_MS, ++sequence));
            pass(50);
            closings += board_closed(&board);
        }
    }
    printf("{\"trials\": %u, \"closings\": %u}\n", count, closings);
    return 0;
}

int main(int count, char **words)
{
    if (count != 4)
        return 2;
    uint32_t trials = (uint32_t)strtoul(words[2], NULL, 10);
    seed = strtoull(words[3], NULL, 10) | 1;
    if (strcmp(words[1], "fuzz") == 0)
        return fuzz(trials);
    if (strcmp(words[1], "silence") == 0)
        return silence(trials);
    return strcmp(words[1], "cuts") == 0 ? cuts(trials) : 2;
}
