/** A page of the site by its address, without the ending, and what links to it are called. */
export interface Entry {
  text: string;
  link: string;
}

export interface Section {
  text: string;
  /** Whether its list is folded until somebody asks for it. */
  collapsed?: boolean;
  items: readonly Entry[];
}

const page = (link: string, text: string): Entry => ({ link: `/${link}`, text });

/** The pages in the order in which they are read. What is made at build time has its place here too. */
export const contents: readonly Section[] = [
  {
    text: "Begin",
    items: [page("start", "Start"), page("tour", "A tour in ten minutes"), page("cli", "The command line")],
  },
  {
    text: "Make your own",
    items: [page("own-op", "An op"), page("own-layer", "A layer"), page("own-model", "A model")],
  },
  { text: "The SVD", items: [page("svd", "The singular value decomposition")] },
  {
    text: "Models",
    items: [
      page("models", "Which model?"),
      page("models-rank", "Models of low rank"),
      page("models-likelihood", "Likelihoods and regularised models"),
      page("models-prior", "Models matched with a prior"),
    ],
  },
  {
    text: "Recipes",
    items: [
      page("recipe-pictures", "My own pictures"),
      page("recipe-anomalies", "Finding anomalies"),
      page("recipe-denoising", "Denoising"),
      page("recipe-compression", "Compressing a picture"),
      page("recipe-completion", "Completing a matrix"),
      page("recipe-recommender", "A recommender"),
      page("recipe-pca", "PCA of 100,000 points"),
      page("recipe-adapters", "Low-rank adapters"),
      page("recipe-worker", "Training in a worker"),
      page("recipe-node-to-page", "From Node to a page"),
    ],
  },
  {
    text: "Three papers",
    items: [
      page("papers", "What can be run again"),
      page("results/paper/README", "Variational rank reduction"),
      page("results/variance-loss/README", "Variance loss"),
      page("results/maskaae/README", "MaskAAE and FlexAE"),
      page("results/variance-loss/differences", "Text and code of “Variance loss”"),
    ],
  },
  {
    text: "How it works",
    items: [
      page("kernels", "From a call to an instruction"),
      page("performance", "Performance"),
      page("results/README", "What stands in the way of more"),
      page("numerics", "What float32 gives"),
      page("sweeps", "Sweeps"),
      page("results/sweep", "What a sweep costs"),
    ],
  },
  {
    text: "Coming from elsewhere",
    items: [
      page("from-pytorch", "From PyTorch"),
      page("from-jax", "From JAX"),
      page("export", "To and from other tools"),
      page("features", "The table of features"),
    ],
  },
  {
    text: "Look up",
    items: [
      page("troubleshooting", "Errors, and what to do"),
      page("limits", "What it does not do"),
      page("contributing", "Working on hestenes"),
      page("changelog", "Changes"),
    ],
  },
];
