#ifndef GRAPH_H
#define GRAPH_H

#include <stdint.h>

struct edge {
  uint32_t to, weight;
};

/* Edges of all nodes behind each other; a node's begin at its first. */
struct graph {
  uint32_t nodes;
  uint32_t *first;
  struct edge *edges;
};

/* A graph in which a node leads to its neighbours in a grid, and sometimes far away. */
struct graph graph_new(uint32_t width, uint32_t height, uint32_t seed);
uint32_t graph_degree(const struct graph *graph, uint32_t node);
struct edge graph_edge(const struct graph *graph, uint32_t node, uint32_t number);

/* What is nearest comes first. */
struct item {
  uint64_t distance;
  uint32_t node;
};
struct heap {
  struct item *items;
  uint32_t count, most;
};
int item_before(const struct item *one, const struct item *other);
void heap_push(struct heap *heap, struct item item);
struct item heap_pop(struct heap *heap);

/* Distances from a node to all. */
void shortest_paths(const struct graph *graph, uint32_t from, uint64_t *distances, struct heap *heap);

#endif
