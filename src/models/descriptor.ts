import type { z } from "zod";
import type { DatasetName } from "../data/known.ts";
import type { Device } from "../device/device.ts";
import type { OptimizerKind } from "../optim/settings.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Autoencoder } from "./autoencoder.ts";
import type { PageFacts } from "./pageModels.ts";

/** Settings by their names in a configuration, with what may be given for each. */
export type Settings = Readonly<Record<string, z.ZodType>>;

/** The values of settings once every default is in place; those without a default are left out where nobody gave them. */
export type Chosen<S extends Settings> = { [Name in keyof S]: NonNullable<z.output<S[Name]>> };

/** What the command line, the pages and the reports know of a model; all of them find it in `catalogue.ts`. */
export interface ModelDescriptor<
  Name extends string = string,
  S extends Settings = Settings,
  Page extends PageFacts | undefined = PageFacts | undefined,
> {
  /** As it is asked for: `--model NAME`. */
  name: Name;
  /** As in a table of a paper. */
  title: string;
  /** Settings that not every model has. One that others have too stands in `settings.ts`. */
  settings: () => S;
  /** What settings are on a data set where they are not what its preset says; the optimizer and its rate may be among them. */
  defaults?:
    | ((
        data: DatasetName,
      ) => Partial<Chosen<S>> & { optimizer?: OptimizerKind | undefined; rate?: number | undefined })
    | undefined;
  /** Training pulls its codes towards N(0, I), from which new ones can be drawn. */
  prior?: boolean | undefined;
  /** It cuts its latent batch to a rank by an SVD: it has a basis to fit, a rank to seek, a second stage of training. */
  basis?: boolean | undefined;
  /** What people are shown for parts of its loss, by their names in files; a part without a title goes by its name. */
  parts?: Readonly<Record<string, string>> | undefined;
  /** What the pages say of it, and tell it, where they offer it. */
  page?: Page | undefined;
  /** Steps of the stages after the first, which has `steps`; none unless given. */
  laterSteps?:
    | ((steps: number, chosen: { readonly [Name in keyof S]?: Chosen<S>[Name] | undefined }) => number)
    | undefined;
  /** Builds it for samples of the shape `input`. */
  build: (device: Device, chosen: Chosen<S> & { input: Shape; seed: number }) => Autoencoder;
}

/** The descriptor as it is, with its types. Mark the call as pure: a bundle of the model alone then does without it. */
export function describeModel<
  const Name extends string,
  S extends Settings,
  const Page extends PageFacts | undefined = undefined,
>(descriptor: ModelDescriptor<Name, S, Page>): ModelDescriptor<Name, S, Page> {
  return descriptor;
}
