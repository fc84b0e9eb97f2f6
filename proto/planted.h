/* Bugs that are planted on purpose, so that the simulator can show that it finds them: tests/sim. In all other builds there are
 * none, and PLANTED is 0. */
#ifndef JAM_PLANTED_H
#define JAM_PLANTED_H

#ifdef JAM_PLANTED
extern int planted; /* the number of the one that is there; 0: none. tests/sim has it */
#define PLANTED(number) (planted == (number))
#else
#define PLANTED(number) 0
#endif

#endif
