/* The law of the board: what closes the relay, and everything that opens it.
 *
 * No AVR header, no clock, no pin: time and wires are handed in, the relay is board_closed(). It is compiled and fuzzed
 * on any computer as it runs on the chip.
 *
 * - The relay is closed in STATE_CLOSED and in no other state.
 * - Only board_hold() enters that state, and only from STATE_OPEN, which only board_arm() enters.
 * - A hold runs out by itself. Whatever opened the relay, the board must be armed before it closes again.
 * - Whoever asks, the relay closes only so many times in any minute.
 */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "registers.h"

/* What survives a power cut. */
struct record {
    uint32_t energy_wh;
    uint32_t closings;
    uint32_t closed_s;
    uint16_t starts;
    uint16_t hangs;
    uint16_t silences;
    uint16_t welds;
    uint16_t off_ma;
    uint16_t cap_s;
    uint16_t clamp_ma;
    uint8_t mirror;
    uint8_t welded;
    uint8_t starts_a_minute;
};

/* The inputs, as they are wired: true is the worse case. */
struct wires {
    bool contact;
    bool estop;
    bool busy;
    bool door;
};

struct board {
    struct record kept;
    struct wires wires;
    bool unsaved;
    uint8_t state;
    uint8_t reason;
    uint8_t reset_cause;
    uint8_t estop_differs; /* milliseconds that the wire has differed from wires.estop */
    uint16_t sequence;
    uint16_t current_ma;
    uint16_t bad_frames;
    uint32_t now;
    uint32_t until;          /* end of the hold */
    uint32_t since;          /* of the state */
    uint32_t relay_since;    /* the relay last changed */
    uint32_t contact_since;  /* the contact last changed */
    uint32_t current_since;  /* the current last crossed off_ma */
    uint32_t energy_mj;      /* not yet a whole watt-hour */
    uint32_t closed_at[MOST_STARTS]; /* of the last closings, in turn */
    uint8_t closings;        /* since the start, as far as closed_at goes */
    uint8_t next_closing;    /* its place in closed_at */
};

#define RESET_BY_WATCHDOG 8u
#define ESTOP_PRESSED_MS 5u
#define ESTOP_RELEASED_MS 50u

struct record record_of_a_new_board(void);

void board_start(struct board *board, const struct record *kept, uint8_t reset_cause, const struct wires *wires);

/* Time went on; called once a millisecond. */
void board_tick(struct board *board, uint32_t now, const struct wires *wires);

/* The current over the last `window_ms`. */
void board_measured(struct board *board, uint16_t current_ma, uint16_t window_ms);

bool board_closed(const struct board *board);
uint16_t board_hold_left(const struct board *board);

/* Each answers 0, or why not (enum refusal). */
uint8_t board_arm(struct board *board, uint16_t sequence);
uint8_t board_hold(struct board *board, uint16_t hold_ms, uint16_t sequence);
uint8_t board_clear(struct board *board, uint16_t word);
uint8_t board_set(struct board *board, uint16_t number, uint16_t value);

/* Always possible. */
void board_let_go(struct board *board);

#endif
