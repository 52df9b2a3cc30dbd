/* The commands of tierce-dispatch. */
#ifndef TIERCE_DISPATCH_COMMANDS_H
#define TIERCE_DISPATCH_COMMANDS_H

int cmd_serve(int argc, char **argv);
int cmd_dispatch(int argc, char **argv);

#endif
