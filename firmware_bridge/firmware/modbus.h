/* A Modbus RTU server over the law of hold.h: one whole frame in, at most one answer out. */
#ifndef MODBUS_H
#define MODBUS_H

#include "hold.h"

#define LONGEST_FRAME 64u

uint16_t modbus_crc(const uint8_t *bytes, uint8_t count);

/* The length of the answer in `answer` (LONGEST_FRAME bytes); 0 when there is none to give. */
uint8_t modbus_answer(struct board *board, const uint8_t *frame, uint8_t length, uint8_t *answer);

#endif
