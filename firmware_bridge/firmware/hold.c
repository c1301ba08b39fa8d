#include "hold.h"

#define MJ_PER_WH 3600000u

struct record record_of_a_new_board(void)
{
    struct record fresh = {.mirror = 1, .cap_s = CAP_S, .clamp_ma = CLAMP_MA, .starts_a_minute = STARTS};
    return fresh;
}

static void count(uint16_t *counter)
{
    if (*counter < UINT16_MAX)
        ++*counter;
}

static void enter(struct board *board, uint8_t state)
{
    if (board->state == state)
        return;
    board->state = state;
    board->since = board->now;
}

static void open_relay(struct board *board, uint8_t state, uint8_t reason)
{
    if (board->state == STATE_CLOSED) {
        board->kept.closed_s += (board->now - board->relay_since) / 1000;
        board->relay_since = board->now;
        board->reason = reason;
        board->unsaved = true;
    }
    enter(board, state);
}

static bool has_current(const struct board *board)
{
    return board->kept.off_ma != 0 && board->current_ma >= board->kept.off_ma;
}

static bool has_power(const struct board *board)
{
    return (board->kept.mirror && board->wires.contact) || has_current(board);
}

void board_start(struct board *board, const struct record *kept, uint8_t reset_cause, const struct wires *wires)
{
    *board = (struct board){
        .kept = *kept,
        .wires = *wires,
        .unsaved = true,
        .state = kept->welded ? STATE_WELDED : STATE_DROPPED,
        .reason = REASON_START,
        .reset_cause = reset_cause,
    };
    count(&board->kept.starts);
    if (reset_cause & RESET_BY_WATCHDOG)
        count(&board->kept.hangs);
}

static void listen_to_estop(struct board *board, bool pressed)
{
    if (pressed == board->wires.estop) {
        board->estop_differs = 0;
        return;
    }
    if (++board->estop_differs < (pressed ? ESTOP_PRESSED_MS : ESTOP_RELEASED_MS))
        return;
    board->estop_differs = 0;
    board->wires.estop = pressed;
}

static void look_at_wires(struct board *board, const struct wires *wires)
{
    if (wires->contact != board->wires.contact) {
        board->wires.contact = wires->contact;
        board->contact_since = board->now;
    }
    listen_to_estop(board, wires->estop);
    board->wires.busy = wires->busy;
    board->wires.door = wires->door;
}

static bool lasts(const struct board *board, uint32_t since, uint32_t ms)
{
    return board->now - board->relay_since >= ms && board->now - since >= ms;
}

static void find_weld(struct board *board)
{
    bool by_contact = board->kept.mirror && board->wires.contact && lasts(board, board->contact_since, CONTACT_MS);
    bool by_current = has_current(board) && lasts(board, board->current_since, CURRENT_MS);
    if (board->state == STATE_CLOSED || board->state == STATE_WELDED || !(by_contact || by_current))
        return;
    enter(board, STATE_WELDED);
    board->kept.welded = 1;
    count(&board->kept.welds);
    board->unsaved = true;
}

static void watch_estop(struct board *board)
{
    if (board->wires.estop && board->state != STATE_WELDED)
        open_relay(board, STATE_ESTOP, REASON_ESTOP);
    else if (!board->wires.estop && board->state == STATE_ESTOP)
        enter(board, STATE_DROPPED);
}

static void watch_hold(struct board *board)
{
    if (board->state != STATE_CLOSED)
        return;
    if ((int32_t)(board->now - board->until) >= 0) {
        open_relay(board, STATE_DROPPED, REASON_SILENCE);
        count(&board->kept.silences);
    } else if (board->now - board->relay_since >= board->kept.cap_s * 1000ul) {
        open_relay(board, STATE_DROPPED, REASON_CAP);
    } else if (board->kept.mirror && !board->wires.contact && lasts(board, board->contact_since, CONTACT_MS)) {
        open_relay(board, STATE_DROPPED, REASON_NO_CONTACT);
    }
}

void board_tick(struct board *board, uint32_t now, const struct wires *wires)
{
    board->now = now;
    look_at_wires(board, wires);
    watch_estop(board);
    watch_hold(board);
    find_weld(board);
}

void board_measured(struct board *board, uint16_t current_ma, uint16_t window_ms)
{
    bool had_current = has_current(board);
    board->current_ma = current_ma;
    if (has_current(board) != had_current)
        board->current_since = board->now;
    board->energy_mj += (uint32_t)current_ma * MAINS_V * window_ms / 1000;
    while (board->energy_mj >= MJ_PER_WH) {
        board->energy_mj -= MJ_PER_WH;
        ++board->kept.energy_wh;
    }
}

bool board_closed(const struct board *board)
{
    return board->state == STATE_CLOSED;
}

uint16_t board_hold_left(const struct board *board)
{
    return board_closed(board) ? (uint16_t)(board->until - board->now) : 0;
}

void board_let_go(struct board *board)
{
    if (board->state == STATE_CLOSED || board->state == STATE_OPEN)
        open_relay(board, STATE_DROPPED, REASON_OFF);
}

uint8_t board_arm(struct board *board, uint16_t sequence)
{
    if (board->state == STATE_ESTOP || board->state == STATE_WELDED)
        return REFUSAL_UNSAFE;
    open_relay(board, STATE_OPEN, REASON_ARMED);
    board->sequence = sequence;
    return 0;
}

static void note_closing(struct board *board)
{
    board->closed_at[board->next_closing] = board->now;
    board->next_closing = (uint8_t)((board->next_closing + 1) % MOST_STARTS);
    if (board->closings < MOST_STARTS)
        ++board->closings;
}

static bool closes_too_often(const struct board *board)
{
    uint8_t most = board->kept.starts_a_minute;
    if (most == 0 || board->closings < most)
        return false;
    uint8_t place = (uint8_t)((board->next_closing + MOST_STARTS - most) % MOST_STARTS);
    return board->now - board->closed_at[place] < MINUTE_MS;
}

static uint8_t why_not(const struct board *board, uint16_t hold_ms, uint16_t sequence)
{
    if (board->state == STATE_ESTOP || board->state == STATE_WELDED)
        return REFUSAL_UNSAFE;
    if (board->state == STATE_OPEN && (has_power(board) || closes_too_often(board)))
        return REFUSAL_UNSAFE;
    if (board->state == STATE_DROPPED)
        return REFUSAL_NOT_ARMED;
    if (hold_ms > HOLD_MS || sequence != (uint16_t)(board->sequence + 1))
        return REFUSAL_VALUE;
    return 0;
}

uint8_t board_hold(struct board *board, uint16_t hold_ms, uint16_t sequence)
{
    if (hold_ms == 0) {
        board_let_go(board);
        return 0;
    }
    uint8_t refusal = why_not(board, hold_ms, sequence);
    if (refusal)
        return refusal;
    if (board->state == STATE_OPEN) {
        enter(board, STATE_CLOSED);
        board->relay_since = board->now;
        note_closing(board);
        ++board->kept.closings;
    }
    board->sequence = sequence;
    board->until = board->now + hold_ms;
    return 0;
}

uint8_t board_clear(struct board *board, uint16_t word)
{
    if (word != CLEAR_WORD)
        return REFUSAL_VALUE;
    if (board->state != STATE_WELDED)
        return 0;
    if (has_power(board))
        return REFUSAL_UNSAFE;
    board->kept.welded = 0;
    board->unsaved = true;
    enter(board, STATE_DROPPED);
    return 0;
}

uint8_t board_set(struct board *board, uint16_t number, uint16_t value)
{
    if (board->state == STATE_CLOSED)
        return REFUSAL_UNSAFE;
    switch (number) {
    case HOLDING_MIRROR:
        if (value > 1)
            return REFUSAL_VALUE;
        board->kept.mirror = (uint8_t)value;
        break;
    case HOLDING_OFF_MA:
        board->kept.off_ma = value;
        break;
    case HOLDING_CAP_S:
        if (value == 0 || value > CAP_S)
            return REFUSAL_VALUE;
        board->kept.cap_s = value;
        break;
    case HOLDING_STARTS_A_MINUTE:
        if (value > MOST_STARTS)
            return REFUSAL_VALUE;
        board->kept.starts_a_minute = (uint8_t)value;
        break;
    case HOLDING_CLAMP_MA:
        if (value == 0)
            return REFUSAL_VALUE;
        board->kept.clamp_ma = value;
        break;
    default:
        return REFUSAL_ADDRESS;
    }
    board->unsaved = true;
    return 0;
}
