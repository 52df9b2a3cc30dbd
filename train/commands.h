/* The commands of tierce-train. Each takes its own argc, argv (argv[0] is the command) and returns
 * the exit status: 0 done, 1 could not, 2 wrong usage. */
#ifndef TIERCE_TRAIN_COMMANDS_H
#define TIERCE_TRAIN_COMMANDS_H

int cmd_train(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_shrink(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_data(int argc, char **argv);
int cmd_tiers(int argc, char **argv);
int cmd_simulate(int argc, char **argv);
int cmd_tune(int argc, char **argv);
int cmd_drift(int argc, char **argv);
int cmd_compare(int argc, char **argv);

#endif
