#include "modbus.h"

enum function { READ_HOLDING = 3, READ_INPUT = 4, WRITE_ONE = 6, WRITE_MANY = 16 };

#define WRITE_MANY_HEAD 7u
#define CRC_BYTES 2u

uint16_t modbus_crc(const uint8_t *bytes, uint8_t count)
{
    uint16_t crc = 0xFFFF;
    for (uint8_t i = 0; i < count; ++i) {
        crc ^= bytes[i];
        for (uint8_t bit = 0; bit < 8; ++bit)
            crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0xA001) : crc >> 1;
    }
    return crc;
}

static uint16_t word_at(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint8_t *put(uint8_t *at, uint16_t word)
{
    at[0] = (uint8_t)(word >> 8);
    at[1] = (uint8_t)word;
    return at + 2;
}

static void put_long(uint16_t *words, uint32_t value)
{
    words[0] = (uint16_t)(value >> 16);
    words[1] = (uint16_t)value;
}

static void read_holding(const struct board *board, uint16_t *words)
{
    words[HOLDING_HOLD_MS] = board_hold_left(board);
    words[HOLDING_SEQUENCE] = board->sequence;
    words[HOLDING_CLEAR] = 0;
    words[HOLDING_MIRROR] = board->kept.mirror;
    words[HOLDING_OFF_MA] = board->kept.off_ma;
    words[HOLDING_CAP_S] = board->kept.cap_s;
    words[HOLDING_CLAMP_MA] = board->kept.clamp_ma;
    words[HOLDING_STARTS_A_MINUTE] = board->kept.starts_a_minute;
}

static void read_input(const struct board *board, uint16_t *words)
{
    words[INPUT_IDENTITY] = IDENTITY;
    words[INPUT_VERSION] = VERSION;
    words[INPUT_STATE] = board->state;
    words[INPUT_REASON] = board->reason;
    words[INPUT_SEQUENCE] = board->sequence;
    words[INPUT_HOLD_LEFT_MS] = board_hold_left(board);
    words[INPUT_CONTACT] = board->wires.contact;
    words[INPUT_ESTOP] = board->wires.estop;
    words[INPUT_BUSY] = board->wires.busy;
    words[INPUT_DOOR] = board->wires.door;
    words[INPUT_CURRENT_MA] = board->current_ma;
    put_long(words + INPUT_ENERGY_WH, board->kept.energy_wh);
    words[INPUT_RESET_CAUSE] = board->reset_cause;
    put_long(words + INPUT_UPTIME_S, board->now / 1000);
    put_long(words + INPUT_SINCE_MS, board->now - board->since);
    put_long(words + INPUT_CLOSINGS, board->kept.closings);
    put_long(words + INPUT_CLOSED_S, board->kept.closed_s);
    words[INPUT_STARTS] = board->kept.starts;
    words[INPUT_HANGS] = board->kept.hangs;
    words[INPUT_SILENCES] = board->kept.silences;
    words[INPUT_WELDS] = board->kept.welds;
    words[INPUT_BAD_FRAMES] = board->bad_frames;
}

static uint8_t answer_read(const struct board *board, const uint8_t *frame, uint8_t *answer, uint8_t *length)
{
    uint16_t words[INPUT_COUNT > HOLDING_COUNT ? INPUT_COUNT : HOLDING_COUNT];
    uint16_t first = word_at(frame + 2), count = word_at(frame + 4);
    uint16_t all = frame[1] == READ_INPUT ? INPUT_COUNT : HOLDING_COUNT;
    if (count == 0 || count > all || first > all - count)
        return REFUSAL_ADDRESS;
    if (frame[1] == READ_INPUT)
        read_input(board, words);
    else
        read_holding(board, words);
    answer[2] = (uint8_t)(2 * count);
    uint8_t *at = answer + 3;
    for (uint16_t i = 0; i < count; ++i)
        at = put(at, words[first + i]);
    *length = (uint8_t)(at - answer);
    return 0;
}

static uint8_t write_one(struct board *board, uint16_t number, uint16_t value)
{
    switch (number) {
    case HOLDING_HOLD_MS: /* without its sequence, only "let go" makes sense */
        return value == 0 ? board_hold(board, 0, 0) : (uint8_t)REFUSAL_VALUE;
    case HOLDING_SEQUENCE:
        return board_arm(board, value);
    case HOLDING_CLEAR:
        return board_clear(board, value);
    default:
        return board_set(board, number, value);
    }
}

static uint8_t write_many(struct board *board, const uint8_t *frame, uint8_t length)
{
    uint16_t first = word_at(frame + 2), count = word_at(frame + 4);
    if (count == 0 || count > 2 || frame[6] != 2 * count || length != WRITE_MANY_HEAD + frame[6] + CRC_BYTES)
        return REFUSAL_VALUE;
    if (count == 1)
        return write_one(board, first, word_at(frame + 7));
    if (first != HOLDING_HOLD_MS)
        return REFUSAL_ADDRESS;
    return board_hold(board, word_at(frame + 7), word_at(frame + 9));
}

static uint8_t obey(struct board *board, const uint8_t *frame, uint8_t length, uint8_t *answer, uint8_t *answered)
{
    for (uint8_t i = 0; i < 6; ++i)
        answer[i] = frame[i];
    *answered = 6;
    if (frame[1] == WRITE_MANY)
        return length > WRITE_MANY_HEAD + CRC_BYTES ? write_many(board, frame, length) : (uint8_t)REFUSAL_VALUE;
    if (length != 8)
        return REFUSAL_VALUE;
    if (frame[1] == WRITE_ONE)
        return write_one(board, word_at(frame + 2), word_at(frame + 4));
    if (frame[1] == READ_HOLDING || frame[1] == READ_INPUT)
        return answer_read(board, frame, answer, answered);
    return REFUSAL_FUNCTION;
}

uint8_t modbus_answer(struct board *board, const uint8_t *frame, uint8_t length, uint8_t *answer)
{
    uint8_t answered;
    if (length < 8 || length > LONGEST_FRAME || modbus_crc(frame, length) != 0) {
        if (board->bad_frames < UINT16_MAX)
            ++board->bad_frames;
        return 0;
    }
    if (frame[0] != ADDRESS) /* a call to all servers, address 0, is not for a relay either */
        return 0;
    uint8_t refusal = obey(board, frame, length, answer, &answered);
    if (refusal) {
        answer[1] = frame[1] | 0x80;
        answer[2] = refusal;
        answered = 3;
    }
    uint16_t crc = modbus_crc(answer, answered);
    answer[answered] = (uint8_t)crc;
    answer[answered + 1] = (uint8_t)(crc >> 8);
    return answered + 2;
}
